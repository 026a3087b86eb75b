import * as z from 'zod/mini'
import { positionOf } from '../../working-set/working-set.ts'
import { toThousandths } from '../../values/quantity.ts'
import {
  findLocation,
  movementArgs,
  movementTexts,
  locationArgs,
  postMovement,
  refuseShortage,
  reviewItem,
  reviewLocation,
  planLocationReads,
} from './movement-args.ts'
import { defineVerb } from '../verb.ts'

const NAME = 'stock.withdraw'
const args = z.strictObject({ ...locationArgs, ...movementArgs })

export const stockWithdraw = defineVerb({
  name: NAME,
  args,
  role: 'staff',
  refusals: ['depends_on_missing', 'insufficient_stock'],
  reads(args, plan) {
    planLocationReads({ itemId: args.itemId, locationIds: [args.locationId] }, plan)
    plan.row('positions', positionOf(args))
  },
  decide(rows, args, context) {
    const found = findLocation(rows, args)
    if ('code' in found) return found
    const { id, at, madeAt, userId, seen } = context
    const position = positionOf(args)
    const quantity = toThousandths(args.quantity)
    const shortage = refuseShortage(rows, { position, quantity }, context)
    if (shortage) return shortage
    reviewItem(rows, found.item, { lot: args.lot, at: context.at })
    reviewLocation(rows, found.location, context.at)
    postMovement(
      rows,
      { name: NAME, userId },
      { kind: 'withdraw', position, entry: { id, at, madeAt, amount: -quantity }, seen, ...movementTexts(args) },
    )
    return undefined
  },
})
