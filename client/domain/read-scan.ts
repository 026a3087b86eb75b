// What a scanned code says: which item or place, how many, and what a GS1 label adds.
import type { Item, Location } from '#shared/rows/rows.ts'
import { looksLikeGs1, parseGs1 } from '#shared/values/gs1.ts'
import type { Queries } from '../device/state/queries.ts'
import type { Scan } from '../scanner/code.ts'

export interface ReadItem {
  kind: 'item'
  item: Item
  /** Thousandths: a pack, or what the label says. */
  quantity: number
  lot: string | undefined
  expiresOn: string | undefined
}

export type ReadScan =
  | ReadItem
  | { kind: 'location'; location: Location }
  /** `code` is what an item would be known by: of a GS1 label its GTIN. */
  | { kind: 'unknown'; code: string }
  /** A GS1 label that cannot be read for certain. */
  | { kind: 'unreadable'; code: string }

type Code = Pick<Scan, 'code'> & Partial<Pick<Scan, 'symbology'>>

export function readScan(queries: Pick<Queries, 'find'>, scan: Code, now: Date): ReadScan {
  const { code } = scan
  const found = queries.find(code)
  if (found.kind === 'location') return found
  if (found.kind === 'item') return itemOf(found, {})
  const isLabel = scan.symbology?.isGs1 === true || looksLikeGs1(code)
  if (!isLabel && !MAYBE_LABEL.test(code)) return found
  const label = parseGs1(code, now.getFullYear())
  if (!label) return isLabel ? { kind: 'unreadable', code } : found
  const key = label.gtin ?? label.sscc ?? code
  const named = queries.find(key)
  if (named.kind === 'item') return itemOf(named, label)
  return named.kind === 'location' ? named : { kind: 'unknown', code: key }
}

/** A GTIN and more behind it, from a scanner that says nothing about its symbols. */
const MAYBE_LABEL = /^0[12]\d{14}\d{2}/

function itemOf(
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

/** Weights count only for what is kept by weight. Thousandths. */
function weightOf(kilograms: number | undefined, unit: string): number | undefined {
  if (!kilograms) return undefined
  const unitName = unit.trim().toLowerCase()
  if (unitName === 'kg') return Math.round(kilograms * 1000)
  return unitName === 'g' ? Math.round(kilograms * 1_000_000) : undefined
}
