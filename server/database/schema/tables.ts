// The table and the column names of each kind of row. Derived from shared/rows, so that the two cannot drift apart.
import type { Kind } from '#shared/rows/rows.ts'
import { columnsOf, KINDS } from '#shared/rows/rows.ts'
import type { ColumnType } from '../postgres-js-workarounds/column-arrays.ts'

/** Kinds whose rows have a stamp for each field. */
export const STAMPED_KINDS: readonly Kind[] = ['items', 'barcodes', 'categories', 'locations', 'levels']

const tableNames: Partial<Record<Kind, string>> = { members: 'users', countLines: 'count_lines' }

const keys: Record<Kind, string[]> = {
  items: ['id'],
  barcodes: ['code'],
  categories: ['id'],
  locations: ['id'],
  lots: ['itemId', 'lot'],
  positions: ['itemId', 'locationId', 'lot'],
  levels: ['itemId', 'locationId'],
  counts: ['id'],
  countLines: ['id'],
  alerts: ['id'],
  conflicts: ['id'],
  members: ['id'],
  settings: ['id'],
}

/** Fields whose column name does not follow the rule. */
const columnNames: Record<string, string> = { openedAt: 'opened_at_ms', snoozedUntil: 'snoozed_until_ms' }

export function tableOf(kind: Kind): string {
  return tableNames[kind] ?? kind
}

/** `categoryId` → `category_id`. */
export function columnOf(field: string): string {
  return columnNames[field] ?? field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The key's columns after org_id. */
export function keyColumnsOf(kind: Kind): string[] {
  return keys[kind].map(columnOf)
}

/** Settings are the only rows whose `id` is a word and not a UUID. */
export function isUuidColumn(kind: Kind, column: string): boolean {
  return column === 'item_id' || column === 'location_id' || (column === 'id' && kind !== 'settings')
}

const selectLists = new Map(
  KINDS.map((kind) => [kind, columnsOf[kind].map((field) => `${columnOf(field)} as "${field}"`).join(', ')]),
)

/** A select list that gives rows of a kind their field names. */
export function selectList(kind: Kind): string {
  return selectLists.get(kind)!
}

const types: Partial<Record<string, ColumnType>> = {
  ...typed('uuid', 'categoryId', 'countId', 'countedId', 'itemId', 'locationId', 'parentId', 'clientId', 'userId'),
  ...typed('uuid', 'acknowledgedBy', 'approvedBy', 'openedBy'),
  ...typed(
    'int8',
    'amount',
    'counted',
    'decimals',
    'high',
    'level',
    'low',
    'openedAt',
    'packQuantity',
    'quantity',
    'seq',
  ),
  ...typed('int8', 'snoozedUntil', 'target', 'version'),
  ...typed('bool', 'archived', 'blind', 'deleted', 'disabled', 'tracksLots'),
  ...typed('jsonb', 'counters', 'custom', 'detail', 'scope', 'value'),
  ...typed('numeric', 'cost'),
  ...typed('date', 'expiresOn'),
}

function typed(type: ColumnType, ...fields: string[]): Record<string, ColumnType> {
  return Object.fromEntries(fields.map((field) => [field, type]))
}

/** The column type of a field. */
export function columnTypeOf(kind: Kind, field: string): ColumnType {
  if (field === 'id') return kind === 'settings' ? 'text' : 'uuid'
  return types[field] ?? 'text'
}
