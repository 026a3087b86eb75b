import * as z from 'zod/mini'
import { lotKey } from '../../rows/rows.ts'
import { type ItemId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { daySchema } from '../../values/text.ts'
import { lotSchema } from '../stock/movement-args.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({
  itemId: idOf<ItemId>(),
  lot: lotSchema.check(z.minLength(1)),
  expiresOn: z.nullable(daySchema),
})

/** Replaces the expiry date of a lot. Otherwise the first recorded date stays. */
export const lotCorrect = defineVerb({
  name: 'lot.correct',
  args,
  role: 'manager',
  refusals: ['depends_on_missing'],
  reads({ itemId, lot }, plan) {
    plan.row('lots', lotKey(itemId, lot))
  },
  decide(rows, { itemId, lot, expiresOn }) {
    const known = rows.lot(itemId, lot)
    if (!known) return refuse('depends_on_missing', { kind: 'lots', id: lotKey(itemId, lot) })
    rows.put('lots', { ...known, expiresOn })
    return undefined
  },
})
