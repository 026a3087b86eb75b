import * as z from 'zod/mini'
import type { WorkingSet } from '../../working-set/working-set.ts'
import { positionOf } from '../../working-set/working-set.ts'
import { type CountId, idOf } from '../../values/id.ts'
import { countedSchema, toThousandths } from '../../values/quantity.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import { shiftStampMs } from '../../values/stamp.ts'
import { stampSchema } from '../../values/stamp-schema.ts'
import {
  findLocation,
  locationArgs,
  postMovement,
  reviewItem,
  reviewLocation,
  planLocationReads,
} from './movement-args.ts'
import type { DecideContext } from '../verb.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.count'
const args = z.strictObject({
  ...locationArgs,
  counted: countedSchema,
  countId: z.optional(idOf<CountId>()),
  since: z.optional(stampSchema),
})
type Args = z.infer<typeof args>

/** A count takes effect at once. A line of a planned count takes effect when the count is approved. */
export const stockCount = defineVerb({
  name: NAME,
  args,
  role: 'staff',
  refusals: ['depends_on_missing'],
  reads(args, plan) {
    planLocationReads({ itemId: args.itemId, locationIds: [args.locationId] }, plan)
    if (args.countId === undefined) return plan.counted(positionOf(args), args.since)
    plan.row('counts', args.countId)
    plan.own('countLines')
  },
  decide(rows, args, context) {
    const found = findLocation(rows, args)
    if ('code' in found) return found
    if (args.countId !== undefined) {
      const refusal = addLine(rows, { ...args, countId: args.countId }, context)
      if (refusal) return refusal
    }
    reviewItem(rows, found.item, { lot: args.lot, at: context.at })
    reviewLocation(rows, found.location, context.at)
    if (args.countId !== undefined) return undefined
    const { id, at, madeAt, userId, seen } = context
    const since = startOf(args, context)
    postMovement(
      rows,
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

function addLine(
  rows: WorkingSet,
  args: Args & { countId: string },
  context: DecideContext,
): Refusal<'depends_on_missing'> | undefined {
  const { itemId, locationId, lot = '', countId } = args
  const count = rows.row('counts', countId)
  if (!count) return refuse('depends_on_missing', { kind: 'counts', id: countId })
  // A line is a fact: a late one reopens an approved count, and one of a cancelled count opens a review.
  if (count.state === 'approved') rows.put('counts', { ...count, state: 'amended' })
  if (count.state === 'cancelled') rows.review('count_cancelled', { countId })
  const counted = toThousandths(args.counted)
  const line = {
    id: context.id,
    countId,
    itemId,
    locationId,
    lot,
    counted,
    at: context.at,
    since: startOf(args, context),
  }
  const state = count.state === 'cancelled' ? 'dropped' : 'waiting'
  rows.put('countLines', { ...line, userId: context.userId, state, version: 0 })
  return undefined
}

/** When the counter began with this position, corrected like the stamp of the count. */
function startOf({ since }: Args, context: DecideContext): string | null {
  return since === undefined ? null : shiftStampMs(since, context)
}
