import * as z from 'zod/mini'
import type { WorkingSet } from '../../working-set/working-set.ts'
import type { CountLine } from '../../rows/rows.ts'
import { type MutationId, idOf } from '../../values/id.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import type { DecideContext } from '../verb.ts'
import { defineVerb, hasRole } from '../verb.ts'

const NAME = 'stock.undo'
const args = z.strictObject({ mutationId: idOf<MutationId>() })

export const stockUndo = defineVerb({
  name: NAME,
  args,
  role: 'staff',
  refusals: ['depends_on_missing', 'not_yours', 'nothing_to_undo'],
  reads({ mutationId }, plan) {
    plan.posted(mutationId)
    plan.row('countLines', mutationId)
  },
  decide(rows, { mutationId }, { id, madeAt, userId, role }) {
    const line = rows.row('countLines', mutationId)
    if (line) return undoLine(rows, line, { userId, role })
    const posted = rows.posted(mutationId)
    if (!posted) return refuse('depends_on_missing', { kind: 'mutations', id: mutationId })
    if (posted.userId !== userId && !hasRole(role, 'manager')) return refuse('not_yours', { id: mutationId })
    if (posted.entries.length === 0) return refuse('nothing_to_undo', { id: mutationId })
    const valid = posted.entries.filter(({ entry }) => !entry.void)
    if (valid.length === 0) rows.note('already_undone', { id: mutationId })
    for (const one of valid) rows.void(one, { id, madeAt, name: NAME, userId })
    return undefined
  },
})

/** Voids a line of a planned count. An approved line is a ledger entry of the manager and cannot be undone here. */
function undoLine(
  rows: WorkingSet,
  line: CountLine,
  { userId, role }: Pick<DecideContext, 'userId' | 'role'>,
): Refusal<'not_yours' | 'nothing_to_undo'> | undefined {
  if (line.userId !== userId && !hasRole(role, 'manager')) return refuse('not_yours', { id: line.id })
  if (line.state === 'approved') return refuse('nothing_to_undo', { id: line.id, state: line.state })
  if (line.state === 'void') rows.note('already_undone', { id: line.id })
  else rows.put('countLines', { ...line, state: 'void' })
  return undefined
}
