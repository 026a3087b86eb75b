import * as z from 'zod/mini'
import { positionKey } from '../../rows/rows.ts'
import { type ItemId, type LocationId, idOf } from '../../values/id.ts'
import { toThousandths } from '../../values/quantity.ts'
import { refuse } from '../../values/refuse.ts'
import { shiftStampMs } from '../../values/stamp.ts'
import { stampSchema } from '../../values/stamp-schema.ts'
import {
  findLocation,
  lotSchema,
  movementArgs,
  postMovement,
  refuseShortage,
  reviewItem,
  reviewLocation,
  planLocationReads,
} from './movement-args.ts'
import type { DecideContext } from '../verb.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.transfer'
const args = z.strictObject({
  itemId: idOf<ItemId>(),
  fromLocationId: idOf<LocationId>(),
  toLocationId: idOf<LocationId>(),
  lot: z.optional(lotSchema),
  quantity: movementArgs.quantity,
  takenAt: z.optional(stampSchema),
})

export const stockTransfer = defineVerb({
  name: NAME,
  args,
  role: 'staff',
  refusals: ['depends_on_missing', 'insufficient_stock', 'same_place'],
  reads({ itemId, fromLocationId, toLocationId, lot = '' }, plan) {
    planLocationReads({ itemId, locationIds: [fromLocationId, toLocationId] }, plan)
    plan.row('positions', positionKey(itemId, fromLocationId, lot))
    plan.row('positions', positionKey(itemId, toLocationId, lot))
  },
  decide(rows, args, context) {
    const { itemId, fromLocationId, toLocationId, lot = '' } = args
    if (fromLocationId === toLocationId) return refuse('same_place', { locationId: toLocationId })
    const source = findLocation(rows, { itemId, locationId: fromLocationId })
    if ('code' in source) return source
    const target = findLocation(rows, { itemId, locationId: toLocationId })
    if ('code' in target) return target
    const from = positionKey(itemId, fromLocationId, lot)
    const quantity = toThousandths(args.quantity)
    const shortage = refuseShortage(rows, { position: from, quantity }, context)
    if (shortage) return shortage
    reviewItem(rows, source.item, { lot, at: context.at })
    reviewLocation(rows, source.location, context.at)
    reviewLocation(rows, target.location, context.at)
    const by = { name: NAME, userId: context.userId }
    const { id, at, madeAt, seen } = context
    const taken = { id, at: takenStamp(args.takenAt, context), madeAt: args.takenAt ?? madeAt, amount: -quantity }
    // The screen when the goods are put down does not tell when they were picked up.
    const seenTaking = args.takenAt === undefined ? seen : undefined
    postMovement(rows, by, { kind: 'transfer_out', position: from, entry: taken, seen: seenTaking })
    const to = positionKey(itemId, toLocationId, lot)
    postMovement(rows, by, { kind: 'transfer_in', position: to, entry: { id, at, madeAt, amount: quantity }, seen })
    return undefined
  },
})

/** When the stock left its location, corrected like the stamp of the mutation, and not after it. */
function takenStamp(takenAt: string | undefined, context: DecideContext): string {
  if (takenAt === undefined) return context.at
  const moved = shiftStampMs(takenAt, context)
  return moved < context.at ? moved : context.at
}
