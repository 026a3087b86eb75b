// The kinds of row that devices hold: one schema each, its key, and which columns are quantities. Keeps B4.
// On the wire quantities are numbers in units; in a row they are integers of thousandths.
import * as z from 'zod/mini'
import { idSchema } from '../values/id.ts'
import type { Json } from '../values/json.ts'

const id = z.string()
const text = z.string()
const thousandths = z.int()
const version = z.int()
const stamp = z.string()

const role = z.enum(['viewer', 'staff', 'manager'])
export type Role = z.infer<typeof role>

const customSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

export const ALERT_KINDS = ['low_stock', 'high_stock', 'negative_stock', 'imported_negative'] as const

/** What a planned count is to cover: any of these, or everything. It guides whoever counts, and refuses nothing. */
export const scopeSchema = z.strictObject({
  locationIds: z.optional(z.array(idSchema).check(z.maxLength(200))),
  categoryIds: z.optional(z.array(idSchema).check(z.maxLength(200))),
  itemIds: z.optional(z.array(idSchema).check(z.maxLength(200))),
  abc: z.optional(z.array(z.enum(['A', 'B', 'C']))),
  /** Positions that were not counted since then, Unix ms. */
  notCountedSince: z.optional(z.number().check(z.minimum(0))),
})

/** Somebody who counts, on one device: until `submittedAt` there may be lines that have not arrived. */
const counterSchema = z.object({ userId: id, device: text, joinedAt: stamp, submittedAt: z.nullable(stamp) })

const schemas = {
  items: z.object({
    id,
    sku: z.nullable(text),
    name: text,
    categoryId: z.nullable(id),
    unit: text,
    decimals: z.int(),
    cost: z.nullable(z.number()),
    low: z.nullable(thousandths),
    high: z.nullable(thousandths),
    target: z.nullable(thousandths),
    tracksLots: z.boolean(),
    notes: z.nullable(text),
    custom: customSchema,
    archived: z.boolean(),
    version,
  }),
  barcodes: z.object({ code: text, itemId: id, packQuantity: thousandths, version, deleted: z.boolean() }),
  categories: z.object({ id, name: text, parentId: z.nullable(id), archived: z.boolean(), version }),
  locations: z.object({
    id,
    name: text,
    parentId: z.nullable(id),
    kind: z.nullable(text),
    barcode: z.nullable(text),
    archived: z.boolean(),
    version,
  }),
  lots: z.object({ itemId: id, lot: text, expiresOn: z.nullable(text), version }),
  positions: z.object({
    itemId: id,
    locationId: id,
    lot: text,
    quantity: thousandths,
    countedAt: z.nullable(stamp),
    countedId: z.nullable(id),
    countedSince: z.nullable(stamp),
    version,
  }),
  levels: z.object({
    itemId: id,
    locationId: id,
    low: z.nullable(thousandths),
    high: z.nullable(thousandths),
    target: z.nullable(thousandths),
    version,
    deleted: z.boolean(),
  }),
  counts: z.object({
    id,
    name: text,
    scope: scopeSchema,
    blind: z.boolean(),
    state: z.enum(['open', 'approved', 'amended', 'cancelled']),
    openedBy: id,
    at: stamp,
    counters: z.array(counterSchema),
    approvedBy: z.nullable(id),
    approvedAt: z.nullable(stamp),
    reason: z.nullable(text),
    version,
  }),
  countLines: z.object({
    id,
    countId: id,
    itemId: id,
    locationId: id,
    lot: text,
    counted: thousandths,
    at: stamp,
    since: z.nullable(stamp),
    userId: id,
    state: z.enum(['waiting', 'approved', 'dropped', 'recount', 'void']),
    version,
  }),
  alerts: z.object({
    id,
    kind: z.enum(ALERT_KINDS),
    itemId: z.nullable(id),
    locationId: z.nullable(id),
    lot: z.nullable(text),
    state: z.enum(['open', 'acknowledged', 'resolved']),
    quantity: z.nullable(thousandths),
    level: z.nullable(thousandths),
    openedAt: z.number(),
    /** Who took it on, and until when nobody wants to hear of it (Unix ms). */
    acknowledgedBy: z.nullable(id),
    snoozedUntil: z.nullable(z.number()),
    version,
  }),
  conflicts: z.object({
    id,
    kind: z.enum(['refusal', 'review']),
    clientId: id,
    seq: z.int(),
    userId: id,
    code: text,
    detail: z.nullable(z.record(z.string(), z.unknown())),
    state: z.enum(['open', 'resolved']),
    resolution: z.nullable(text),
    mutation: text,
    at: stamp,
    version,
  }),
  members: z.object({ id, name: text, email: z.nullable(text), role, disabled: z.boolean(), version }),
  settings: z.object({ id: text, value: z.unknown(), version }),
}

export type Kind = keyof typeof schemas
export type Row<K extends Kind> = z.infer<(typeof schemas)[K]> & { [FIELD_STAMPS]?: FieldStamps }
export type Item = Row<'items'>
export type Barcode = Row<'barcodes'>
export type Category = Row<'categories'>
export type Location = Row<'locations'>
export type Lot = Row<'lots'>
export type Position = Row<'positions'>
export type Level = Row<'levels'>
export type Count = Row<'counts'>
export type CountLine = Row<'countLines'>
export type Counter = z.infer<typeof counterSchema>
export type Alert = Row<'alerts'>
export type Conflict = Row<'conflicts'>
export type Member = Row<'members'>

/** When each field of a row that merges field by field last changed. Only the server knows it; it never travels. */
export type FieldStamps = Record<string, string>
export const FIELD_STAMPS = Symbol('fieldStamps')

export const KINDS = Object.keys(schemas) as Kind[]

/** The columns of a kind, in the order in which they travel. */
export const columnsOf = Object.fromEntries(KINDS.map((kind) => [kind, Object.keys(schemas[kind].shape)])) as Record<
  Kind,
  string[]
>

/** The columns that are quantities: numbers in units on the wire, integers of thousandths in a row. */
export const quantityColumns: Partial<Record<Kind, readonly string[]>> = {
  items: ['low', 'high', 'target'],
  barcodes: ['packQuantity'],
  positions: ['quantity'],
  levels: ['low', 'high', 'target'],
  countLines: ['counted'],
  alerts: ['quantity', 'level'],
}

const keyColumns: { [K in Kind]: (row: Row<K>) => string } = {
  items: (row) => row.id,
  barcodes: (row) => row.code,
  categories: (row) => row.id,
  locations: (row) => row.id,
  lots: (row) => lotKey(row.itemId, row.lot),
  positions: (row) => positionKey(row.itemId, row.locationId, row.lot),
  levels: (row) => levelKey(row.itemId, row.locationId),
  counts: (row) => row.id,
  countLines: (row) => row.id,
  alerts: (row) => row.id,
  conflicts: (row) => row.id,
  members: (row) => row.id,
  settings: (row) => row.id,
}

export function keyOf<K extends Kind>(kind: K, row: Row<K>): string {
  return keyColumns[kind](row)
}

export function lotKey(itemId: string, lot: string): string {
  return `${itemId}/${lot}`
}

export function levelKey(itemId: string, locationId: string): string {
  return `${itemId}/${locationId}`
}

/** Ids have 36 characters, so the lot may hold any character. */
export function positionKey(itemId: string, locationId: string, lot: string): string {
  return `${itemId}/${locationId}/${lot}`
}

export function parsePositionKey(key: string): { itemId: string; locationId: string; lot: string } {
  return { itemId: key.slice(0, 36), locationId: key.slice(37, 73), lot: key.slice(74) }
}

/** Rows as they travel: column names once, then a list of values per row. */
export interface WireTable {
  columns: string[]
  rows: Json[][]
}
export type WireTables = { [K in Kind]?: WireTable }

/** Many rows name the same one: its id is kept once for all rows of a table, and not once for each. */
const SHARED_COLUMNS: readonly string[] = ['categoryId', 'locationId']

/** Rows of a kind from the wire. Unknown columns are left out; quantities become thousandths. */
export function decodeTable<K extends Kind>(kind: K, table: WireTable): Row<K>[] {
  const known = columnsOf[kind]
  const quantities: readonly string[] = quantityColumns[kind] ?? []
  const columns = table.columns
    .map((name, index) => ({ name, index, quantity: quantities.includes(name), shared: SHARED_COLUMNS.includes(name) }))
    .filter(({ name }) => known.includes(name))
  const ids = new Map<Json, Json>()
  return table.rows.map((values) => {
    const row: Record<string, Json> = {}
    for (const { name, index, quantity, shared } of columns) {
      const value = values[index] ?? null
      if (shared) row[name] = onlyOne(ids, value)
      else row[name] = quantity && typeof value === 'number' ? Math.round(value * 1000) : value
    }
    return row as unknown as Row<K>
  })
}

function onlyOne(known: Map<Json, Json>, value: Json): Json {
  const same = known.get(value)
  if (same !== undefined) return same
  known.set(value, value)
  return value
}

/** Rows of a kind for the wire. */
export function encodeTable<K extends Kind>(kind: K, rows: readonly Row<K>[]): WireTable {
  const columns = columnsOf[kind]
  const quantities: readonly string[] = quantityColumns[kind] ?? []
  return {
    columns,
    rows: rows.map((row) =>
      columns.map((name) => {
        const value = (row as unknown as Record<string, Json>)[name] ?? null
        return quantities.includes(name) && typeof value === 'number' ? value / 1000 : value
      }),
    ),
  }
}
