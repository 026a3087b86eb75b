import { z } from 'zod'
import { positionOf } from '../../working-set/working-set.ts'
import { toThousandths } from '../../values/quantity.ts'
import {
  findPlace,
  movementArgs,
  movementTexts,
  placeArgs,
  postMovement,
  refuseShortage,
  reviewItem,
  reviewLocation,
  wantPlace,
} from './movement-args.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.withdraw'
const args = z.strictObject({ ...placeArgs, ...movementArgs })

export const stockWithdraw = defineVerb<z.infer<typeof args>>({
  name: NAME,
  args,
  role: 'staff',
  reads(args, wants) {
    wantPlace({ itemId: args.itemId, locationIds: [args.locationId] }, wants)
    wants.row('positions', positionOf(args))
  },
  decide(book, args, stamp) {
    const place = findPlace(book, args)
    if ('code' in place) return place
    const { id, at, madeAt, userId, seen } = stamp
    const position = positionOf(args)
    const quantity = toThousandths(args.quantity)
    const shortage = refuseShortage(book, { position, quantity }, stamp)
    if (shortage) return shortage
    reviewItem(book, place.item, { lot: args.lot, at: stamp.at })
    reviewLocation(book, place.location, stamp.at)
    postMovement(
      book,
      { name: NAME, userId },
      { kind: 'withdraw', position, entry: { id, at, madeAt, amount: -quantity }, seen, ...movementTexts(args) },
    )
    return undefined
  },
})
