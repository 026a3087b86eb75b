// Interprets a scanned code: which item or location, which quantity, and the other data of a GS1 label.
import type { Item, Location } from '#shared/rows/rows.ts'
import { looksLikeGs1, parseGs1 } from '#shared/values/gs1.ts'
import type { Queries } from '../device/state/queries.ts'
import type { Scan } from '../scanner/code.ts'

export interface ReadItem {
  kind: 'item'
  item: Item
  /** Thousandths: the pack quantity, or the label's quantity. */
  quantity: number
  lot: string | undefined
  expiresOn: string | undefined
}

export type ReadScan =
  | ReadItem
  | { kind: 'location'; location: Location }
  /** `code` is the barcode that an item would have: for a GS1 label its GTIN. */
  | { kind: 'unknown'; code: string }
  /** A GS1 label that cannot be parsed with certainty. */
  | { kind: 'unreadable'; code: string }

type Code = Pick<Scan, 'code'> & Partial<Pick<Scan, 'symbology'>>

export function readScan(queries: Pick<Queries, 'find'>, scan: Code, now: Date): ReadScan {
  const { code } = scan
  const found = queries.find(code)
  if (found.kind === 'location') return found
  if (found.kind === 'item') return toReadItem(found, {})
  const isLabel = scan.symbology?.isGs1 === true || looksLikeGs1(code)
  if (!isLabel && !MAYBE_LABEL.test(code)) return found
  const label = parseGs1(code, now.getFullYear())
  if (!label) return isLabel ? { kind: 'unreadable', code } : found
  const key = label.gtin ?? label.sscc ?? code
  const match = queries.find(key)
  if (match.kind === 'item') return toReadItem(match, label)
  return match.kind === 'location' ? match : { kind: 'unknown', code: key }
}

/** A GTIN followed by more data, from a scanner that does not report symbologies. */
const MAYBE_LABEL = /^0[12]\d{14}\d{2}/

function toReadItem(
  { item, packQuantity }: { item: Item; packQuantity: number },
  label: NonNullable<ReturnType<typeof parseGs1>>,
): ReadItem {
  return {
    kind: 'item',
    item,
    quantity: weightOf(label.netWeightKg, item.unit) ?? (label.count ?? 1) * packQuantity,
    lot: label.lot,
    expiresOn: label.expiresOn ?? label.bestBeforeOn,
  }
}

/** A label's weight counts only for items with a unit of weight. Thousandths. */
function weightOf(kilograms: number | undefined, unit: string): number | undefined {
  if (!kilograms) return undefined
  const unitName = unit.trim().toLowerCase()
  if (unitName === 'kg') return Math.round(kilograms * 1000)
  return unitName === 'g' ? Math.round(kilograms * 1_000_000) : undefined
}
