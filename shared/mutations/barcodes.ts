// Barcodes belong to one item at a time. A clash never refuses what the barcode came with. Keeps C4.
import type { Book } from '../book/book.ts'
import { canonicalCode } from '../values/gtin.ts'
import { toThousandths } from '../values/quantity.ts'

export interface NewBarcode {
  code: string
  packQuantity?: number | undefined
}

export function attachBarcode(book: Book, itemId: string, barcode: NewBarcode): void {
  const code = canonicalCode(barcode.code)
  const existing = book.row('barcodes', code)
  if (existing && !existing.deleted && existing.itemId !== itemId) {
    book.review('barcode_taken', { code, itemId, ownerId: existing.itemId })
    return
  }
  const packQuantity = toThousandths(barcode.packQuantity ?? 1)
  book.put('barcodes', { code, itemId, packQuantity, version: 0, deleted: false })
}
