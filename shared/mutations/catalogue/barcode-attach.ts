import * as z from 'zod/mini'
import { canonicalCode } from '../../values/gtin.ts'
import { type ItemId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { attachBarcode } from './barcodes.ts'
import { barcodeArgs } from './item-fields.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ itemId: idOf<ItemId>(), ...barcodeArgs })

export const barcodeAttach = defineVerb({
  name: 'barcode.attach',
  args,
  role: 'staff',
  refusals: ['depends_on_missing'],
  reads({ itemId, code }, plan) {
    plan.row('items', itemId)
    plan.row('barcodes', canonicalCode(code))
  },
  decide(rows, { itemId, ...barcode }, { at }) {
    if (!rows.row('items', itemId)) return refuse('depends_on_missing', { kind: 'items', id: itemId })
    attachBarcode(rows, { itemId, at, ...barcode })
    return undefined
  },
})
