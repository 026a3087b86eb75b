import * as z from 'zod/mini'
import { type ItemId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { mergeFields } from './fields.ts'
import { itemFields, itemNameSchema, toItemRow } from './item-fields.ts'
import { defineVerb } from '../verb.ts'

const fields = z.strictObject({ ...itemFields, name: z.optional(itemNameSchema) })
const args = z.strictObject({ id: idOf<ItemId>(), set: fields, base: fields })

export const itemUpdate = defineVerb({
  name: 'item.update',
  args,
  role: 'manager',
  refusals: ['depends_on_missing'],
  reads({ id, set }, plan) {
    plan.row('items', id)
    if (set.sku) plan.owner('sku', set.sku)
    if ('low' in set || 'high' in set) plan.total(id)
    if (set.categoryId) plan.row('categories', set.categoryId)
  },
  decide(rows, { id, set, base }, { at }) {
    const item = rows.row('items', id)
    if (!item) return refuse('depends_on_missing', { kind: 'items', id })
    if (set.categoryId && !rows.row('categories', set.categoryId)) {
      return refuse('depends_on_missing', { kind: 'categories', id: set.categoryId })
    }
    const wanted = toItemRow(set)
    const owner = set.sku ? rows.owner('sku', set.sku) : undefined
    if (owner !== undefined && owner !== id) {
      rows.review('sku_taken', { id, sku: set.sku, ownerId: owner })
      delete wanted.sku
    }
    const merged = mergeFields(rows, item, { set: wanted, base: toItemRow(base), at, verb: 'item.update' })
    if (merged.sku !== item.sku) {
      if (item.sku !== null) rows.setOwner('sku', item.sku, undefined)
      if (merged.sku !== null) rows.setOwner('sku', merged.sku, id)
    }
    rows.put('items', merged)
    return undefined
  },
})
