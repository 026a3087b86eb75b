import { z } from 'zod'
import { idSchema } from '../../values/id.ts'
import { refuse } from '../../values/refusals.ts'
import { mergeFields } from './fields.ts'
import { itemFields, itemNameSchema, toItemRow } from './item-fields.ts'
import { defineVerb } from '../verb.ts'

const fields = z.strictObject({ ...itemFields, name: itemNameSchema.optional() })
const args = z.strictObject({ id: idSchema, set: fields, base: fields })

export const itemUpdate = defineVerb<z.infer<typeof args>>({
  name: 'item.update',
  args,
  role: 'manager',
  reads({ id, set }, wants) {
    wants.row('items', id)
    if (set.sku) wants.owner('sku', set.sku)
    if ('low' in set || 'high' in set) wants.total(id)
    if (set.categoryId) wants.row('categories', set.categoryId)
  },
  decide(book, { id, set, base }, { at }) {
    const item = book.row('items', id)
    if (!item) return refuse('depends_on_missing', { kind: 'items', id })
    if (set.categoryId && !book.row('categories', set.categoryId)) {
      return refuse('depends_on_missing', { kind: 'categories', id: set.categoryId })
    }
    const wanted = toItemRow(set)
    const owner = set.sku ? book.owner('sku', set.sku) : undefined
    if (owner !== undefined && owner !== id) {
      book.review('sku_taken', { id, sku: set.sku, ownerId: owner })
      delete wanted.sku
    }
    const merged = mergeFields(book, item, { set: wanted, base: toItemRow(base), at, verb: 'item.update' })
    if (merged.sku !== item.sku) {
      if (item.sku !== null) book.own('sku', item.sku, undefined)
      if (merged.sku !== null) book.own('sku', merged.sku, id)
    }
    book.put('items', merged)
    return undefined
  },
})
