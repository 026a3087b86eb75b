// What a manager does with a planned count besides approving it: have lines counted again, or give the count up. N5.
import * as z from 'zod/mini'
import { idSchema } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { defineVerb } from '../verb.ts'

/** A mutation is at most 16 KB: this many ids fit. */
const LINES_MAX = 300

const recountArgs = z.strictObject({
  countId: idSchema,
  lines: z.array(idSchema).check(z.minLength(1), z.maxLength(LINES_MAX)),
})
const cancelArgs = z.strictObject({ countId: idSchema })

/** The lines are set aside, so that whoever counts again has no rival in them. */
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
    // All are looked at first: a refusal leaves none of them set aside, also where it is kept as "still refused".
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
