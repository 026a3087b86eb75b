import { z } from 'zod'
import type { Book } from '../../working-set/working-set.ts'
import { positionOf } from '../../working-set/working-set.ts'
import { idSchema } from '../../values/id.ts'
import { countedSchema, toThousandths } from '../../values/quantity.ts'
import type { Refusal } from '../../values/refusals.ts'
import { refuse } from '../../values/refusals.ts'
import { movedAlong } from '../../values/stamp.ts'
import { stampSchema } from '../../values/stamp-schema.ts'
import { findPlace, placeArgs, postMovement, reviewItem, reviewLocation, wantPlace } from './movement-args.ts'
import type { Stamp } from '../verb.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.count'
const args = z.strictObject({
  ...placeArgs,
  counted: countedSchema,
  countId: idSchema.optional(),
  since: stampSchema.optional(),
})
type Args = z.infer<typeof args>

/** A count takes effect at once; as a line of a planned count it waits for that to be approved. */
export const stockCount = defineVerb<Args>({
  name: NAME,
  args,
  role: 'staff',
  reads(args, wants) {
    wantPlace({ itemId: args.itemId, locationIds: [args.locationId] }, wants)
    if (args.countId === undefined) return wants.counted(positionOf(args), args.since)
    wants.row('counts', args.countId)
    wants.own('countLines')
  },
  decide(book, args, stamp) {
    const place = findPlace(book, args)
    if ('code' in place) return place
    if (args.countId !== undefined) {
      const refusal = keepLine(book, { ...args, countId: args.countId }, stamp)
      if (refusal) return refusal
    }
    reviewItem(book, place.item, { lot: args.lot, at: stamp.at })
    reviewLocation(book, place.location, stamp.at)
    if (args.countId !== undefined) return undefined
    const { id, at, madeAt, userId, seen } = stamp
    const since = startOf(args, stamp)
    postMovement(
      book,
      { name: NAME, userId },
      {
        kind: 'count',
        position: positionOf(args),
        entry: { id, at, madeAt, amount: toThousandths(args.counted) },
        ...(since !== null && { since }),
        seen,
      },
    )
    return undefined
  },
})

function keepLine(book: Book, args: Args & { countId: string }, stamp: Stamp): Refusal | undefined {
  const { itemId, locationId, lot = '', countId } = args
  const count = book.row('counts', countId)
  if (!count) return refuse('depends_on_missing', { kind: 'counts', id: countId })
  // What was counted was counted: a late line reopens the count, and one of a cancelled count asks what it is worth.
  if (count.state === 'approved') book.put('counts', { ...count, state: 'amended' })
  if (count.state === 'cancelled') book.review('count_cancelled', { countId })
  const counted = toThousandths(args.counted)
  const line = { id: stamp.id, countId, itemId, locationId, lot, counted, at: stamp.at, since: startOf(args, stamp) }
  const state = count.state === 'cancelled' ? 'dropped' : 'waiting'
  book.put('countLines', { ...line, userId: stamp.userId, state, version: 0 })
  return undefined
}

/** When the counter began with this position: corrected as the count's own stamp was. */
function startOf({ since }: Args, stamp: Stamp): string | null {
  return since === undefined ? null : movedAlong(since, stamp)
}
