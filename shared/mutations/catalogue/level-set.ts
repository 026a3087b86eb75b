// Levels: low, high and target of an item, in total or at one location. Fields merge one by one, `null` clears. Keeps C1.
import * as z from 'zod/mini'
import type { Level } from '../../rows/rows.ts'
import { levelKey } from '../../rows/rows.ts'
import { type ItemId, type LocationId, idOf } from '../../values/id.ts'
import { countedSchema } from '../../values/quantity.ts'
import { refuse } from '../../values/refuse.ts'
import { mergeFields } from './fields.ts'
import { toItemRow } from './item-fields.ts'
import { defineVerb } from '../verb.ts'

const level = z.optional(z.nullable(countedSchema))
const args = z.strictObject({
  itemId: idOf<ItemId>(),
  locationId: z.optional(idOf<LocationId>()),
  low: level,
  high: level,
  target: level,
})

export const levelSet = defineVerb({
  name: 'level.set',
  args,
  role: 'manager',
  refusals: ['depends_on_missing'],
  reads({ itemId, locationId }, plan) {
    plan.row('items', itemId)
    plan.total(itemId)
    if (locationId === undefined) return
    plan.row('locations', locationId)
    plan.row('levels', levelKey(itemId, locationId))
  },
  decide(rows, { itemId, locationId, ...levels }, { at }) {
    const item = rows.row('items', itemId)
    if (!item) return refuse('depends_on_missing', { kind: 'items', id: itemId })
    const change = { set: toItemRow(levels), base: {}, at }
    if (locationId === undefined) {
      rows.put('items', mergeFields(rows, item, change))
      return undefined
    }
    if (!rows.row('locations', locationId)) return refuse('depends_on_missing', { kind: 'locations', id: locationId })
    const known = rows.row('levels', levelKey(itemId, locationId)) ?? { ...NO_LEVEL, itemId, locationId }
    const merged = mergeFields(rows, known, change)
    if (merged === known) return undefined
    const isEmpty = merged.low === null && merged.high === null && merged.target === null
    rows.put('levels', { ...merged, deleted: isEmpty })
    return undefined
  },
})

const NO_LEVEL: Omit<Level, 'itemId' | 'locationId'> = {
  low: null,
  high: null,
  target: null,
  version: 0,
  deleted: false,
}
