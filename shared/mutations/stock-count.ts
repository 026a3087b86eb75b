import { z } from 'zod'
import { positionOf } from '../book/book.ts'
import { idSchema } from '../values/id.ts'
import { countedSchema, toThousandths } from '../values/quantity.ts'
import { refuse } from '../values/refusals.ts'
import { stampSchema } from '../values/stamp.ts'
import { findPlace, placeArgs, postMovement, reviewItem, reviewLocation, wantPlace } from './movement-args.ts'
import { defineVerb } from './verb.ts'

const NAME = 'stock.count'
const args = z.strictObject({
  ...placeArgs,
  counted: countedSchema,
  countId: idSchema.optional(),
  since: stampSchema.optional(),
})

export const stockCount = defineVerb<z.infer<typeof args>>({
  name: NAME,
  args,
  role: 'staff',
  reads(args, wants) {
    wantPlace({ itemId: args.itemId, locationIds: [args.locationId] }, wants)
    wants.counted(positionOf(args))
  },
  decide(book, args, stamp) {
    const place = findPlace(book, args)
    if ('code' in place) return place
    if (args.countId !== undefined) return refuse('depends_on_missing', { kind: 'counts', id: args.countId })
    reviewItem(book, place.item, { lot: args.lot, at: stamp.at })
    reviewLocation(book, place.location, stamp.at)
    const entry = { id: stamp.id, at: stamp.at, amount: toThousandths(args.counted) }
    postMovement(book, { name: NAME, userId: stamp.userId }, { kind: 'count', position: positionOf(args), entry })
    return undefined
  },
})
