import * as z from 'zod/mini'
import { canonicalCode } from '../../values/gtin.ts'
import { type ItemId, idOf } from '../../values/id.ts'
import { refuse } from '../../values/refuse.ts'
import { detachBarcode } from './barcodes.ts'
import { barcodeArgs } from './item-fields.ts'
import { defineVerb } from '../verb.ts'

const args = z.strictObject({ itemId: idOf<ItemId>(), ...barcodeArgs })

export const barcodeDetach = defineVerb({
  name: 'barcode.detach',
  args,
  role: 'manager',
  refusals: ['depends_on_missing'],
  reads({ code }, plan) {
    plan.row('barcodes', canonicalCode(code))
  },
  decide(rows, args, { at }) {
    const code = canonicalCode(args.code)
    const barcode = rows.row('barcodes', code)
    if (!barcode || barcode.itemId !== args.itemId) return refuse('depends_on_missing', { kind: 'barcodes', id: code })
    detachBarcode(rows, code, at)
    return undefined
  },
})
