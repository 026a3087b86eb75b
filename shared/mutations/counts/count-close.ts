// Has lines of a planned count counted again, or cancels the count. Keeps N5.
import * as z from 'zod/mini'
import { type CountId, type MutationId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { defineVerb } from '../verb.ts'

/** This many ids fit into a mutation of 16 KB. */
const LINES_MAX = 300

const recountArgs = z.strictObject({
  countId: idOf<CountId>(),
  lines: z.array(idOf<MutationId>()).check(z.minLength(1), z.maxLength(LINES_MAX)),
})
const cancelArgs = z.strictObject({ countId: idOf<CountId>() })

/** Takes the lines out of the count, so that they do not rival the new ones. */
export const countRecount = defineVerb({
  name: 'count.recount',
  args: recountArgs,
  role: 'staff',
  refusals: ['depends_on_missing'],
  reads({ countId, lines }, plan) {
    plan.row('counts', countId)
    for (const id of lines) plan.row('countLines', id)
  },
  decide(rows, { countId, lines }) {
    const count = rows.row('counts', countId)
    if (!count) return refuse('depends_on_missing', { kind: 'counts', id: countId })
    // Check all lines first: a refusal must not change any of them, even if it is recorded as "still refused".
    const missing = lines.find((id) => rows.row('countLines', id)?.countId !== countId)
    if (missing !== undefined) return refuse('depends_on_missing', { kind: 'countLines', id: missing })
    for (const id of lines) {
      const line = rows.row('countLines', id)!
      if (line.state === 'waiting') rows.put('countLines', { ...line, state: 'recount' })
      else rows.note('line_settled', { id, state: line.state })
    }
    return undefined
  },
})

export const countCancel = defineVerb({
  name: 'count.cancel',
  args: cancelArgs,
  role: 'manager',
  refusals: ['depends_on_missing', 'not_open'],
  reads({ countId }, plan) {
    plan.row('counts', countId)
    plan.lines(countId)
  },
  decide(rows, { countId }) {
    const count = rows.row('counts', countId)
    if (!count) return refuse('depends_on_missing', { kind: 'counts', id: countId })
    if (count.state === 'cancelled' || count.state === 'approved') return refuse('not_open', { id: countId })
    for (const line of rows.linesOf(countId)) {
      if (line.state === 'waiting') rows.put('countLines', { ...line, state: 'dropped' })
    }
    rows.put('counts', { ...count, state: 'cancelled' })
    return undefined
  },
})
