import { z } from 'zod'
import type { Book } from '../../working-set/working-set.ts'
import type { CountLine } from '../../rows/rows.ts'
import { idSchema } from '../../values/id.ts'
import type { Refusal } from '../../values/refusals.ts'
import { refuse } from '../../values/refusals.ts'
import type { Stamp } from '../verb.ts'
import { defineVerb, mayAct } from '../verb.ts'

const NAME = 'stock.undo'
const args = z.strictObject({ mutationId: idSchema })

export const stockUndo = defineVerb<z.infer<typeof args>>({
  name: NAME,
  args,
  role: 'staff',
  reads({ mutationId }, wants) {
    wants.posted(mutationId)
    wants.row('countLines', mutationId)
  },
  decide(book, { mutationId }, { id, madeAt, userId, role }) {
    const line = book.row('countLines', mutationId)
    if (line) return undoLine(book, line, { userId, role })
    const posted = book.posted(mutationId)
    if (!posted) return refuse('depends_on_missing', { kind: 'mutations', id: mutationId })
    if (posted.userId !== userId && !mayAct(role, 'manager')) return refuse('not_yours', { id: mutationId })
    if (posted.entries.length === 0) return refuse('nothing_to_undo', { id: mutationId })
    const standing = posted.entries.filter(({ entry }) => !entry.void)
    if (standing.length === 0) book.note('already_undone', { id: mutationId })
    for (const one of standing) book.void(one, { id, madeAt, name: NAME, userId })
    return undefined
  },
})

/** A line of a planned count is taken back until it is approved: then it is part of the ledger, by another's hand. */
function undoLine(book: Book, line: CountLine, { userId, role }: Pick<Stamp, 'userId' | 'role'>): Refusal | undefined {
  if (line.userId !== userId && !mayAct(role, 'manager')) return refuse('not_yours', { id: line.id })
  if (line.state === 'approved') return refuse('nothing_to_undo', { id: line.id, state: line.state })
  if (line.state === 'void') book.note('already_undone', { id: line.id })
  else book.put('countLines', { ...line, state: 'void' })
  return undefined
}
