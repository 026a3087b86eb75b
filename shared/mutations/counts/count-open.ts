import * as z from 'zod/mini'
import { scopeSchema } from '../../rows/rows.ts'
import { type CountId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { nameSchema } from '../../values/text.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ id: idOf<CountId>(), name: nameSchema(120), scope: scopeSchema, blind: z.boolean() })

export const countOpen = defineVerb({
  name: 'count.open',
  args,
  role: 'manager',
  refusals: ['already_exists'],
  reads: ({ id }, plan) => plan.row('counts', id),
  decide(rows, args, { at, userId }) {
    if (rows.row('counts', args.id)) return refuse('already_exists', { id: args.id })
    const closing = { approvedBy: null, approvedAt: null, reason: null }
    rows.put('counts', { ...args, state: 'open', openedBy: userId, at, counters: [], ...closing, version: 0 })
    return undefined
  },
})
