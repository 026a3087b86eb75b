import { z } from 'zod'
import { positionKey } from '../../rows/rows.ts'
import { idSchema } from '../../values/id.ts'
import { toThousandths } from '../../values/quantity.ts'
import { refuse } from '../../values/refusals.ts'
import { movedAlong } from '../../values/stamp.ts'
import { stampSchema } from '../../values/stamp-schema.ts'
import {
  findPlace,
  lotSchema,
  movementArgs,
  postMovement,
  refuseShortage,
  reviewItem,
  reviewLocation,
  wantPlace,
} from './movement-args.ts'
import type { Stamp } from '../verb.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.transfer'
const args = z.strictObject({
  itemId: idSchema,
  fromLocationId: idSchema,
  toLocationId: idSchema,
  lot: lotSchema.optional(),
  quantity: movementArgs.quantity,
  takenAt: stampSchema.optional(),
})

export const stockTransfer = defineVerb<z.infer<typeof args>>({
  name: NAME,
  args,
  role: 'staff',
  reads({ itemId, fromLocationId, toLocationId, lot = '' }, wants) {
    wantPlace({ itemId, locationIds: [fromLocationId, toLocationId] }, wants)
    wants.row('positions', positionKey(itemId, fromLocationId, lot))
    wants.row('positions', positionKey(itemId, toLocationId, lot))
  },
  decide(book, args, stamp) {
    const { itemId, fromLocationId, toLocationId, lot = '' } = args
    if (fromLocationId === toLocationId) return refuse('same_place', { locationId: toLocationId })
    const source = findPlace(book, { itemId, locationId: fromLocationId })
    if ('code' in source) return source
    const target = findPlace(book, { itemId, locationId: toLocationId })
    if ('code' in target) return target
    const from = positionKey(itemId, fromLocationId, lot)
    const quantity = toThousandths(args.quantity)
    const shortage = refuseShortage(book, { position: from, quantity }, stamp)
    if (shortage) return shortage
    reviewItem(book, source.item, { lot, at: stamp.at })
    reviewLocation(book, source.location, stamp.at)
    reviewLocation(book, target.location, stamp.at)
    const by = { name: NAME, userId: stamp.userId }
    const { id, at, madeAt, seen } = stamp
    const taken = { id, at: takenStamp(args.takenAt, stamp), madeAt: args.takenAt ?? madeAt, amount: -quantity }
    // What its mover had on the screen when they put it down says nothing of when they took it.
    const seenTaking = args.takenAt === undefined ? seen : undefined
    postMovement(book, by, { kind: 'transfer_out', position: from, entry: taken, seen: seenTaking })
    const to = positionKey(itemId, toLocationId, lot)
    postMovement(book, by, { kind: 'transfer_in', position: to, entry: { id, at, madeAt, amount: quantity }, seen })
    return undefined
  },
})

/** When the stock left its place: corrected as its mutation's stamp was, and not after it. */
function takenStamp(takenAt: string | undefined, stamp: Stamp): string {
  if (takenAt === undefined) return stamp.at
  const moved = movedAlong(takenAt, stamp)
  return moved < stamp.at ? moved : stamp.at
}
