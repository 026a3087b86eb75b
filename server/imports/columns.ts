// Maps the columns of a file to fields. Names are compared without case, spaces and punctuation, and have common synonyms.
import type { Delimiter } from './csv-row-reader.ts'
import { DELIMITERS, splitLine } from './csv-row-reader.ts'
import { FileRefusedError } from './report.ts'

/** No export of a shop has more columns. A file with more is something else. */
const COLUMNS_MAX = 500
/** Keeps the report readable. */
const IGNORED_SHOWN_MAX = 200

export const productColumns = {
  barcode: ['barcode', 'ean', 'ean13', 'upc', 'gtin', 'code', 'barcodes', 'strichcode'],
  name: ['name', 'productname', 'product', 'description', 'title', 'itemname', 'item', 'bezeichnung', 'artikel'],
  sku: ['sku', 'stockcode', 'itemcode', 'articlenumber', 'artikelnummer', 'itemnumber', 'productcode'],
  category: ['category', 'group', 'department', 'kategorie', 'warengruppe'],
  unit: ['unit', 'uom', 'unitofmeasure', 'einheit'],
  cost: ['cost', 'unitcost', 'purchaseprice', 'costprice', 'einkaufspreis'],
  low: ['low', 'min', 'minimum', 'reorderpoint', 'reorderlevel', 'minstock', 'mindestbestand'],
  high: ['high', 'max', 'maximum', 'maxstock', 'hoechstbestand'],
  target: ['target', 'par', 'parlevel', 'sollbestand'],
  location: ['location', 'bin', 'place', 'warehouse', 'shelf', 'lagerort', 'lagerplatz'],
  quantity: ['quantity', 'qty', 'stock', 'onhand', 'quantityonhand', 'menge', 'bestand'],
} as const

export const movementColumns = {
  reference: ['invoiceno', 'invoice', 'invoicenumber', 'reference', 'orderno', 'receiptno'],
  sku: ['stockcode', 'sku', 'itemcode', 'productcode'],
  name: ['description', 'name', 'productname', 'title'],
  quantity: ['quantity', 'qty', 'units'],
  time: ['invoicedate', 'date', 'time', 'datetime', 'timestamp', 'soldat'],
  price: ['unitprice', 'price'],
  customer: ['customerid', 'customer'],
  country: ['country'],
} as const

export interface Columns<Field extends string> {
  delimiter: Delimiter
  count: number
  ignored: string[]
  /** The trimmed text of a field, or '' if the file has no such column. */
  read(cells: readonly string[], field: Field): string
}

/**
 * Reads the header.
 * @throws {FileRefusedError} if a required column is missing (one of each group), a field has two columns, or there are too
 * many columns
 */
export function readHeader<Field extends string>(
  text: string,
  meanings: Record<Field, readonly string[]>,
  needed: readonly (readonly Field[])[],
): Columns<Field> {
  const known = new Map(
    Object.entries<readonly string[]>(meanings).flatMap(([field, names]) =>
      names.map((name) => [name, field as Field]),
    ),
  )
  const candidates = DELIMITERS.map((delimiter) => {
    const cells = splitLine(text, delimiter)
    const names = Array.isArray(cells) ? cells.map((cell) => cell.trim()) : []
    return { delimiter, names, found: names.filter((name) => known.has(normalized(name))).length }
  })
  const { delimiter, names } = candidates.reduce((best, one) => (one.found > best.found ? one : best))
  if (names.length > COLUMNS_MAX) throw new FileRefusedError('too_many_columns', `${names.length}`)
  const indexes = new Map<Field, number>()
  names.forEach((name, index) => {
    const field = known.get(normalized(name))
    if (field === undefined) return
    if (indexes.has(field)) throw new FileRefusedError('column_twice', `${names[indexes.get(field)!]} and ${name}`)
    indexes.set(field, index)
  })
  const missing = needed.filter((group) => !group.some((field) => indexes.has(field)))
  if (missing.length > 0) {
    const required = missing.map((group) => group.join(' or ')).join(', ')
    throw new FileRefusedError('no_header', `missing: ${required}; found: ${names.join(', ') || 'nothing'}`)
  }
  const used = new Set(indexes.values())
  return {
    delimiter,
    count: names.length,
    ignored: names.filter((_, index) => !used.has(index)).slice(0, IGNORED_SHOWN_MAX),
    read: (cells, field) => {
      const index = indexes.get(field)
      return index === undefined ? '' : (cells[index] ?? '').trim()
    },
  }
}

function normalized(name: string): string {
  return name.toLowerCase().replace(/[^\p{Letter}\p{Number}]/gu, '')
}
