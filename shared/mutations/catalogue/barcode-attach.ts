import { z } from 'zod'
import { canonicalCode } from '../../values/gtin.ts'
import { idSchema } from '../../values/id.ts'
import { refuse } from '../../values/refusals.ts'
import { attachBarcode } from './barcodes.ts'
import { barcodeArgs } from './item-fields.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ itemId: idSchema, ...barcodeArgs })

export const barcodeAttach = defineVerb<z.infer<typeof args>>({
  name: 'barcode.attach',
  args,
  role: 'staff',
  reads({ itemId, code }, wants) {
    wants.row('items', itemId)
    wants.row('barcodes', canonicalCode(code))
  },
  decide(book, { itemId, ...barcode }, { at }) {
    if (!book.row('items', itemId)) return refuse('depends_on_missing', { kind: 'items', id: itemId })
    attachBarcode(book, { itemId, at, ...barcode })
    return undefined
  },
})
