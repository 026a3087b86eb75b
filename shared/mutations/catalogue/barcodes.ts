// A barcode belongs to one item at a time. A clash never refuses the mutation that the barcode is part of. If a barcode is
// attached and detached, the later change wins, in any order of arrival. Keeps C3, C4, C7.
import type { WorkingSet } from '../../working-set/working-set.ts'
import { fieldStampsOf } from '../../working-set/working-set.ts'
import type { Barcode, FieldStamps } from '../../rows/rows.ts'
import { FIELD_STAMPS } from '../../rows/rows.ts'
import { canonicalCode } from '../../values/gtin.ts'
import { toThousandths } from '../../values/quantity.ts'
import { STAMP_ZERO } from '../../values/stamp.ts'
import { mergeFields, stampAll } from './fields.ts'

export interface NewBarcode {
  code: string
  packQuantity?: number | undefined
}

export function attachBarcode(
  rows: WorkingSet,
  { itemId, at, ...barcode }: NewBarcode & { itemId: string; at: string },
): void {
  const code = canonicalCode(barcode.code)
  const existing = rows.row('barcodes', code)
  const packQuantity = barcode.packQuantity === undefined ? undefined : toThousandths(barcode.packQuantity)
  const fresh = { code, itemId, packQuantity: packQuantity ?? toThousandths(1), version: 0, deleted: false }
  if (!existing) rows.put('barcodes', stampNew(fresh, at, packQuantity))
  else if (existing.deleted && existing.itemId !== itemId) {
    // An equal stamp means the same mutation, which moves a barcode from one item to another.
    if (at >= (fieldStampsOf(existing).deleted ?? STAMP_ZERO)) rows.put('barcodes', stampNew(fresh, at, packQuantity))
    else rows.note('changed_later', { code })
  } else if (existing.itemId === itemId) {
    const set = { deleted: false, ...(packQuantity !== undefined && { packQuantity }) }
    rows.put('barcodes', mergeFields(rows, existing, { set, base: {}, at }))
  } else {
    const pack = barcode.packQuantity === undefined ? {} : { packQuantity: barcode.packQuantity }
    rows.review('barcode_taken', { code, itemId, ownerId: existing.itemId, ...pack })
  }
}

/** The row of a new barcode. A default pack quantity has no stamp, so that any stated one wins in any order of arrival. */
function stampNew(fresh: Barcode, at: string, packQuantity: number | undefined): Barcode {
  const row: Barcode & { [FIELD_STAMPS]?: FieldStamps } = stampAll(fresh, at)
  if (packQuantity !== undefined) return row
  const { packQuantity: _unsaid, ...stamps } = fieldStampsOf(row)
  return { ...row, [FIELD_STAMPS]: stamps }
}

/** Detaches a barcode from its item, unless it was attached again later. */
export function detachBarcode(rows: WorkingSet, code: string, at: string): void {
  const barcode = rows.row('barcodes', code)!
  rows.put('barcodes', mergeFields(rows, barcode, { set: { deleted: true }, base: {}, at }))
}
