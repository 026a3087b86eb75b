import { z } from 'zod'
import type { Book } from '../../working-set/working-set.ts'
import { positionOf } from '../../working-set/working-set.ts'
import { lotKey } from '../../rows/rows.ts'
import { costSchema, toThousandths } from '../../values/quantity.ts'
import { daySchema } from '../../values/text.ts'
import {
  findPlace,
  movementArgs,
  movementTexts,
  placeArgs,
  postMovement,
  reviewItem,
  reviewLocation,
  wantPlace,
} from './movement-args.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.receive'
const receiveArgs = z.strictObject({
  ...placeArgs,
  ...movementArgs,
  expiresOn: daySchema.optional(),
  unitCost: costSchema.optional(),
})

export const stockReceive = defineVerb<z.infer<typeof receiveArgs>>({
  name: NAME,
  args: receiveArgs,
  role: 'staff',
  reads(args, wants) {
    wantPlace({ itemId: args.itemId, locationIds: [args.locationId] }, wants)
    wants.row('positions', positionOf(args))
    if (args.lot) wants.row('lots', lotKey(args.itemId, args.lot))
  },
  decide(book, args, stamp) {
    const place = findPlace(book, args)
    if ('code' in place) return place
    const { id, at, madeAt, userId, seen } = stamp
    reviewItem(book, place.item, { lot: args.lot, at: stamp.at })
    reviewLocation(book, place.location, stamp.at)
    keepExpiry(book, args)
    postMovement(
      book,
      { name: NAME, userId },
      {
        kind: 'receive',
        position: positionOf(args),
        entry: { id, at, madeAt, amount: toThousandths(args.quantity) },
        seen,
        ...movementTexts(args),
        ...(args.unitCost !== undefined && { unitCost: args.unitCost }),
      },
    )
    return undefined
  },
})

/** A lot's first expiry stands; another opens a review. */
function keepExpiry(book: Book, { itemId, lot, ...args }: z.infer<typeof receiveArgs>): void {
  if (!lot) return
  const expiresOn = args.expiresOn ?? null
  const known = book.lot(itemId, lot)
  if (!known || (known.expiresOn === null && expiresOn !== null)) {
    book.put('lots', { itemId, lot, expiresOn, version: 0 })
  } else if (expiresOn !== null && known.expiresOn !== expiresOn) {
    book.review('expiry_differs', { itemId, lot, kept: known.expiresOn, lost: expiresOn })
  }
}
