import * as z from 'zod/mini'
import type { Item } from '../../rows/rows.ts'
import { canonicalCode } from '../../values/gtin.ts'
import { type ItemId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { attachBarcode } from './barcodes.ts'
import { stampAll } from './fields.ts'
import { barcodeArgs, itemFields, itemNameSchema, toItemRow } from './item-fields.ts'
import { defineVerb } from '../verb.ts'

/** A mutation is at most 16 KB; more barcodes than this on one item are a mistake in the imported file. */
const BARCODES_MAX = 100

const args = z.strictObject({
  ...itemFields,
  id: idOf<ItemId>(),
  name: itemNameSchema,
  barcodes: z.optional(z.array(z.strictObject(barcodeArgs)).check(z.maxLength(BARCODES_MAX))),
})

export const itemCreate = defineVerb({
  name: 'item.create',
  args,
  role: 'manager',
  refusals: ['already_exists', 'depends_on_missing'],
  reads({ id, sku, categoryId, barcodes = [] }, plan) {
    plan.row('items', id)
    if (sku) plan.owner('sku', sku)
    if (categoryId) plan.row('categories', categoryId)
    for (const { code } of barcodes) plan.row('barcodes', canonicalCode(code))
  },
  decide(rows, { barcodes = [], ...fields }, { at }) {
    const { id, categoryId } = fields
    if (rows.row('items', id)) return refuse('already_exists', { id })
    if (categoryId && !rows.row('categories', categoryId)) {
      return refuse('depends_on_missing', { kind: 'categories', id: categoryId })
    }
    const item = { ...EMPTY, ...toItemRow(fields) } as Item
    const owner = item.sku === null ? undefined : rows.owner('sku', item.sku)
    if (owner !== undefined) {
      rows.review('sku_taken', { id, sku: item.sku, ownerId: owner })
      item.sku = null
    }
    if (item.sku !== null) rows.setOwner('sku', item.sku, id)
    rows.put('items', stampAll(item, at))
    for (const barcode of barcodes) attachBarcode(rows, { itemId: id, at, ...barcode })
    return undefined
  },
})

const EMPTY: Omit<Item, 'id' | 'name'> = {
  sku: null,
  categoryId: null,
  unit: 'pcs',
  decimals: 0,
  cost: null,
  low: null,
  high: null,
  target: null,
  tracksLots: false,
  notes: null,
  custom: {},
  archived: false,
  version: 0,
}
