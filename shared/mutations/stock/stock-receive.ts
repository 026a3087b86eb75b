import * as z from 'zod/mini'
import type { WorkingSet } from '../../working-set/working-set.ts'
import { positionOf } from '../../working-set/working-set.ts'
import { lotKey } from '../../rows/rows.ts'
import { costSchema, toThousandths } from '../../values/quantity.ts'
import { daySchema } from '../../values/text.ts'
import {
  findLocation,
  movementArgs,
  movementTexts,
  locationArgs,
  postMovement,
  reviewItem,
  reviewLocation,
  planLocationReads,
} from './movement-args.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.receive'
const receiveArgs = z.strictObject({
  ...locationArgs,
  ...movementArgs,
  expiresOn: z.optional(daySchema),
  unitCost: z.optional(costSchema),
})

export const stockReceive = defineVerb({
  name: NAME,
  args: receiveArgs,
  role: 'staff',
  refusals: ['depends_on_missing'],
  reads(args, plan) {
    planLocationReads({ itemId: args.itemId, locationIds: [args.locationId] }, plan)
    plan.row('positions', positionOf(args))
    if (args.lot) plan.row('lots', lotKey(args.itemId, args.lot))
  },
  decide(rows, args, context) {
    const found = findLocation(rows, args)
    if ('code' in found) return found
    const { id, at, madeAt, userId, seen } = context
    reviewItem(rows, found.item, { lot: args.lot, at: context.at })
    reviewLocation(rows, found.location, context.at)
    recordExpiry(rows, args)
    postMovement(
      rows,
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

/** Keeps the first expiry date of a lot. A different one opens a review. */
function recordExpiry(rows: WorkingSet, { itemId, lot, ...args }: z.infer<typeof receiveArgs>): void {
  if (!lot) return
  const expiresOn = args.expiresOn ?? null
  const known = rows.lot(itemId, lot)
  if (!known || (known.expiresOn === null && expiresOn !== null)) {
    rows.put('lots', { itemId, lot, expiresOn, version: 0 })
  } else if (expiresOn !== null && known.expiresOn !== expiresOn) {
    rows.review('expiry_differs', { itemId, lot, kept: known.expiresOn, lost: expiresOn })
  }
}
