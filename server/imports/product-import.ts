// Converts rows of products to new items, changed fields and counts. Guarantees: an item is found by its barcode, then by its
// SKU; an empty cell does not change anything; a quantity that an import has already counted is not counted again, so importing
// the same file again does not change anything.
import { fieldsOf } from '#shared/rows/kind-map.ts'
import type { Item } from '#shared/rows/rows.ts'
import { canonicalCode } from '#shared/values/gtin.ts'
import { toThousandths, toUnits } from '#shared/values/quantity.ts'
import type { Database } from '../database/database.ts'
import { parseNumber } from './cells.ts'
import type { Columns, productColumns } from './columns.ts'
import { importId } from './import-ids.ts'
import type { DecidedRow, ImportRun, Mutation } from './import-run.ts'
import type { LastCount } from './imports-store.ts'
import { findLastCounts, findProducts } from './imports-store.ts'
import type { RawRow } from './csv-row-reader.ts'
import type { RowRefusal } from './report.ts'
import { refuseRow } from './report.ts'

type Field = keyof typeof productColumns
type Fields = Record<string, string | number> & { name?: string }

interface Product {
  line: number
  code: string
  sku: string
  /** The fields that are not empty, by their names in the verbs. */
  fields: Fields
  category: string
  location: string
  counted: number | undefined
}
const NUMBERS = ['cost', 'low', 'high', 'target'] as const
const LEVELS: readonly string[] = ['low', 'high', 'target']

/** The stored rows about the items of a batch. */
interface Known {
  barcodes: Map<string, { itemId: string; version: number; deleted: boolean }>
  byId: Map<string, Item>
  bySku: Map<string, Item>
  lastCounts: Map<string, LastCount>
}

export class ProductImport {
  readonly #run: ImportRun
  readonly #database: Database
  readonly #columns: Columns<Field>
  /** The barcodes and SKUs of earlier rows, with their lines and items. */
  readonly #seen = new Map<string, { line: number; itemId: string }>()
  readonly #counted = new Set<string>()
  #defaultLocation: string | undefined

  constructor(run: ImportRun, database: Database, columns: Columns<Field>) {
    this.#run = run
    this.#database = database
    this.#columns = columns
  }

  async decide(rows: readonly RawRow[]): Promise<DecidedRow[]> {
    const products: Product[] = []
    for (const row of rows) {
      const product = parseProduct(row, this.#columns)
      if ('cause' in product) refuseRow(this.#run.report, row.line, product)
      else products.push(product)
    }
    const known = await this.#load(products)
    return products.flatMap((product) => {
      const decided = this.#decideOne(product, known)
      if ('line' in decided) return [decided]
      refuseRow(this.#run.report, product.line, decided)
      return []
    })
  }

  async #load(products: Product[]): Promise<Known> {
    const { orgId, clientId } = this.#run
    const codes = products.flatMap(({ code }) => (code === '' ? [] : [code]))
    const skus = products.flatMap(({ sku }) => (sku === '' ? [] : [sku]))
    const ids = products.map((product) => newItemId(orgId, product))
    const found = await findProducts(this.#database, orgId, { codes, skus, ids })
    const known: Known = {
      barcodes: new Map(found.barcodes.map((barcode) => [barcode.code, barcode])),
      byId: new Map(found.items.map((item) => [item.id, item])),
      bySku: new Map(found.items.flatMap((item) => (item.sku === null ? [] : [[item.sku, item]]))),
      lastCounts: new Map(),
    }
    const positions = products.flatMap((product) => {
      if (product.counted === undefined) return []
      const itemId = this.#itemIdOf(product, known)
      const locationId = this.#locationOf(product)
      return typeof itemId === 'string' && typeof locationId === 'string' ? [{ itemId, locationId }] : []
    })
    if (positions.length > 0) {
      for (const count of await findLastCounts(this.#database, orgId, { clientId, positions }))
        known.lastCounts.set(`${count.itemId} ${count.locationId}`, count)
    }
    return known
  }

  #decideOne(product: Product, known: Known): DecidedRow | RowRefusal {
    const { line, code, sku } = product
    const itemId = this.#itemIdOf(product, known)
    if (typeof itemId !== 'string') return itemId
    const locationId = product.counted === undefined ? undefined : this.#locationOf(product)
    if (typeof locationId === 'object') return locationId
    const countKey = `${itemId} ${locationId ?? ''}`
    const earlier = this.#seenBefore(product)
    if (earlier && (locationId === undefined || this.#counted.has(countKey)))
      return { cause: 'repeated', detail: `line ${earlier.line}` }
    const existing = known.byId.get(itemId)
    const mutations: (Mutation | RowRefusal)[] = []
    if (!earlier) mutations.push(...(existing ? this.#change(product, existing, known) : this.#create(product, itemId)))
    if (locationId !== undefined) mutations.push(...this.#count(product, { itemId, locationId, known }))
    const refusal = mutations.find((mutation) => 'cause' in mutation)
    if (refusal) return refusal
    for (const key of [code && `barcode ${code}`, sku && `sku ${sku}`])
      if (key && !this.#seen.has(key)) this.#seen.set(key, { line, itemId })
    if (locationId !== undefined) this.#counted.add(countKey)
    const outcome = mutations.length === 0 ? 'unchanged' : existing || earlier ? 'changed' : 'created'
    if (outcome === 'created') this.#run.report.made.items += 1
    return { line, outcome, mutations: mutations as Mutation[] }
  }

  #seenBefore({ code, sku }: Product) {
    return this.#seen.get(`barcode ${code}`) ?? this.#seen.get(`sku ${sku}`)
  }

  /** The item of a row: an existing one, or the one to create. */
  #itemIdOf(product: Product, { barcodes, bySku }: Known): string | RowRefusal {
    const { code, sku } = product
    const barcode = barcodes.get(code)
    const byCode = barcode && !barcode.deleted ? barcode.itemId : undefined
    const bySkuId = sku === '' ? undefined : bySku.get(sku)?.id
    if (byCode !== undefined && bySkuId !== undefined && byCode !== bySkuId)
      return { cause: 'key_clash', detail: `${code}, ${sku}` }
    return byCode ?? bySkuId ?? this.#seenBefore(product)?.itemId ?? newItemId(this.#run.orgId, product)
  }

  #locationOf({ location }: Product): string | RowRefusal {
    if (location !== '') return this.#run.location(location)
    return (this.#defaultLocation ??= this.#run.defaultLocation())
  }

  #create({ code, sku, fields, category }: Product, id: string): (Mutation | RowRefusal)[] {
    const { name, ...others } = fields
    if (name === undefined) return [{ cause: 'no_name' }]
    const categoryId = category === '' ? undefined : this.#run.category(category)
    if (typeof categoryId === 'object') return [categoryId]
    const args = {
      id,
      name,
      ...others,
      ...(sku !== '' && { sku }),
      ...(categoryId !== undefined && { categoryId }),
      ...(code !== '' && { barcodes: [{ code }] }),
    }
    return [this.#run.mutation(importId(this.#run.orgId, 'item.create', id), 'item.create', { args })]
  }

  #change({ code, sku, fields, category }: Product, item: Item, { barcodes }: Known): (Mutation | RowRefusal)[] {
    const { orgId } = this.#run
    const categoryId = category === '' ? undefined : this.#run.category(category)
    if (typeof categoryId === 'object') return [categoryId]
    const values: Fields = { ...fields, ...(sku !== '' && { sku }), ...(categoryId !== undefined && { categoryId }) }
    const set: Fields = {}
    const base: Record<string, unknown> = {}
    for (const [field, value] of Object.entries(values)) {
      const current = currentOf(item, field)
      if (current === value) continue
      set[field] = value
      base[field] = current
    }
    const mutations: (Mutation | RowRefusal)[] = []
    if (Object.keys(set).length > 0) {
      const id = importId(orgId, 'item.update', item.id, item.version, JSON.stringify(set))
      mutations.push(this.#run.mutation(id, 'item.update', { args: { id: item.id, set, base } }))
    }
    const barcode = barcodes.get(code)
    // The item was found by its SKU or its id. A barcode that a person has detached exists as a deleted row and stays detached.
    if (code !== '' && !barcode) {
      const id = importId(orgId, 'barcode.attach', item.id, code)
      mutations.push(this.#run.mutation(id, 'barcode.attach', { args: { itemId: item.id, code } }))
    }
    return mutations
  }

  #count(
    { counted = 0 }: Product,
    { itemId, locationId, known }: { itemId: string; locationId: string; known: Known },
  ) {
    const last = known.lastCounts.get(`${itemId} ${locationId}`)
    if (last?.counted === toThousandths(counted)) return []
    const id = importId(this.#run.orgId, 'stock.count', itemId, locationId, counted, last?.mutationId ?? '')
    return [this.#run.mutation(id, 'stock.count', { args: { itemId, locationId, counted } })]
  }
}

function newItemId(orgId: string, { code, sku }: Product): string {
  return code === '' ? importId(orgId, 'item', 'sku', sku) : importId(orgId, 'item', 'barcode', code)
}

function currentOf(item: Item, field: string): unknown {
  const value = fieldsOf(item)[field] ?? null
  return LEVELS.includes(field) && typeof value === 'number' ? toUnits(value) : value
}

function parseProduct({ line, cells }: RawRow, columns: Columns<Field>): Product | RowRefusal {
  const read = (field: Field) => columns.read(cells, field)
  const [printed, sku, name, unit] = [read('barcode'), read('sku'), read('name'), read('unit')]
  if (printed === '' && sku === '') return { cause: 'no_key' }
  if (/^\d+([.,]\d+)?E\+?\d+$/i.test(printed)) return { cause: 'bad_barcode', detail: printed }
  const fields: Fields = { ...(name !== '' && { name }), ...(unit !== '' && { unit }) }
  for (const field of NUMBERS) {
    const text = read(field)
    if (text === '') continue
    const number = parseNumber(text, columns.delimiter)
    if (number === undefined) return { cause: 'bad_number', detail: `${field}: ${text}` }
    fields[field] = number
  }
  const quantity = read('quantity')
  const counted = quantity === '' ? undefined : parseNumber(quantity, columns.delimiter)
  if (quantity !== '' && (counted === undefined || counted < 0))
    return { cause: 'bad_number', detail: `quantity: ${quantity}` }
  return {
    line,
    code: printed === '' ? '' : canonicalCode(printed),
    sku,
    fields,
    category: read('category'),
    location: read('location'),
    counted,
  }
}
