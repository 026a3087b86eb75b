// The kinds of row that devices hold: one schema each, its key, and which columns are quantities. Keeps B4.
// On the wire quantities are numbers in units; in a row they are integers of thousandths.
import * as z from 'zod/mini'
import type {
  AlertId,
  CategoryId,
  ClientId,
  ConflictId,
  CountId,
  ItemId,
  LocationId,
  MutationId,
  UserId,
} from '../values/id.ts'
import { idOf } from '../values/id.ts'
import { type Thousandths, toThousandths, toUnits } from '../values/quantity.ts'
import type { Json } from '../values/json.ts'
import { fieldsOf, fromFields } from './kind-map.ts'

const text = z.string()
const thousandths: z.ZodMiniType<Thousandths, number> = z.int()
// Rows come from the server, which has checked the ids.
const itemId: z.ZodMiniType<ItemId, string> = text
const locationId: z.ZodMiniType<LocationId, string> = text
const categoryId: z.ZodMiniType<CategoryId, string> = text
const countId: z.ZodMiniType<CountId, string> = text
const mutationId: z.ZodMiniType<MutationId, string> = text
const alertId: z.ZodMiniType<AlertId, string> = text
const conflictId: z.ZodMiniType<ConflictId, string> = text
const userId: z.ZodMiniType<UserId, string> = text
const clientId: z.ZodMiniType<ClientId, string> = text
const version = z.int()
const stamp = z.string()

const role = z.enum(['viewer', 'staff', 'manager'])
export type Role = z.infer<typeof role>

const customSchema = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))

export const ALERT_KINDS = ['low_stock', 'high_stock', 'negative_stock', 'imported_negative'] as const

/** What a planned count covers: any of these, or everything. It guides the counters and does not refuse any line. */
export const scopeSchema = z.strictObject({
  locationIds: z.optional(z.array(idOf<LocationId>()).check(z.maxLength(200))),
  categoryIds: z.optional(z.array(idOf<CategoryId>()).check(z.maxLength(200))),
  itemIds: z.optional(z.array(idOf<ItemId>()).check(z.maxLength(200))),
  abc: z.optional(z.array(z.enum(['A', 'B', 'C']))),
  /** Positions that were not counted since then, Unix ms. */
  notCountedSince: z.optional(z.number().check(z.minimum(0))),
})

/** A person who counts on one device. Until `submittedAt`, there may be lines that have not arrived. */
const counterSchema = z.object({ userId, device: text, joinedAt: stamp, submittedAt: z.nullable(stamp) })

const schemas = {
  items: z.object({
    id: itemId,
    sku: z.nullable(text),
    name: text,
    categoryId: z.nullable(categoryId),
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
  barcodes: z.object({ code: text, itemId, packQuantity: thousandths, version, deleted: z.boolean() }),
  categories: z.object({
    id: categoryId,
    name: text,
    parentId: z.nullable(categoryId),
    archived: z.boolean(),
    version,
  }),
  locations: z.object({
    id: locationId,
    name: text,
    parentId: z.nullable(locationId),
    kind: z.nullable(text),
    barcode: z.nullable(text),
    archived: z.boolean(),
    version,
  }),
  lots: z.object({ itemId, lot: text, expiresOn: z.nullable(text), version }),
  positions: z.object({
    itemId,
    locationId,
    lot: text,
    quantity: thousandths,
    countedAt: z.nullable(stamp),
    countedId: z.nullable(mutationId),
    countedSince: z.nullable(stamp),
    version,
  }),
  levels: z.object({
    itemId,
    locationId,
    low: z.nullable(thousandths),
    high: z.nullable(thousandths),
    target: z.nullable(thousandths),
    version,
    deleted: z.boolean(),
  }),
  counts: z.object({
    id: countId,
    name: text,
    scope: scopeSchema,
    blind: z.boolean(),
    state: z.enum(['open', 'approved', 'amended', 'cancelled']),
    openedBy: userId,
    at: stamp,
    counters: z.array(counterSchema),
    approvedBy: z.nullable(userId),
    approvedAt: z.nullable(stamp),
    reason: z.nullable(text),
    version,
  }),
  countLines: z.object({
    id: mutationId,
    countId,
    itemId,
    locationId,
    lot: text,
    counted: thousandths,
    at: stamp,
    since: z.nullable(stamp),
    userId,
    state: z.enum(['waiting', 'approved', 'dropped', 'recount', 'void']),
    version,
  }),
  alerts: z.object({
    id: alertId,
    kind: z.enum(ALERT_KINDS),
    itemId: z.nullable(itemId),
    locationId: z.nullable(locationId),
    lot: z.nullable(text),
    state: z.enum(['open', 'acknowledged', 'resolved']),
    quantity: z.nullable(thousandths),
    level: z.nullable(thousandths),
    openedAt: z.number(),
    /** The person who acknowledged it, and the end of its snooze (Unix ms). */
    acknowledgedBy: z.nullable(userId),
    snoozedUntil: z.nullable(z.number()),
    version,
  }),
  conflicts: z.object({
    id: conflictId,
    kind: z.enum(['refusal', 'review']),
    clientId,
    seq: z.int(),
    userId,
    code: text,
    detail: z.nullable(z.record(z.string(), z.unknown())),
    state: z.enum(['open', 'resolved']),
    resolution: z.nullable(text),
    mutation: text,
    at: stamp,
    version,
  }),
  members: z.object({ id: userId, name: text, email: z.nullable(text), role, disabled: z.boolean(), version }),
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

/** The stamp of the last change of each field, for rows that merge field by field. Only the server has it; it never travels. */
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

export function lotKey(itemId: ItemId, lot: string): string {
  return `${itemId}/${lot}`
}

export function levelKey(itemId: ItemId, locationId: LocationId): string {
  return `${itemId}/${locationId}`
}

/** Ids have 36 characters, so the lot may hold any character. */
export function positionKey(itemId: ItemId, locationId: LocationId, lot: string): string {
  return `${itemId}/${locationId}/${lot}`
}

export function parsePositionKey(key: string): { itemId: ItemId; locationId: LocationId; lot: string } {
  return { itemId: key.slice(0, 36), locationId: key.slice(37, 73), lot: key.slice(74) }
}

/** Rows on the wire: the column names once, then a list of values per row. */
export interface WireTable {
  columns: string[]
  rows: Json[][]
}
export type WireTables = { [K in Kind]?: WireTable }

/** Columns whose ids repeat in many rows: each id is stored once in memory for a whole table. */
const SHARED_COLUMNS: readonly string[] = ['categoryId', 'locationId']

/** Decodes the rows of a kind. Ignores unknown columns; quantities become thousandths. */
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
      else row[name] = quantity && typeof value === 'number' ? toThousandths(value) : value
    }
    return fromFields(kind, row)
  })
}

function onlyOne(known: Map<Json, Json>, value: Json): Json {
  const same = known.get(value)
  if (same !== undefined) return same
  known.set(value, value)
  return value
}

/** Encodes rows of a kind for the wire. */
export function encodeTable<K extends Kind>(kind: K, rows: readonly Row<K>[]): WireTable {
  const columns = columnsOf[kind]
  const quantities: readonly string[] = quantityColumns[kind] ?? []
  return {
    columns,
    rows: rows.map((row) =>
      columns.map((name) => {
        const value = (fieldsOf(row)[name] ?? null) as Json
        return quantities.includes(name) && typeof value === 'number' ? toUnits(value) : value
      }),
    ),
  }
}
