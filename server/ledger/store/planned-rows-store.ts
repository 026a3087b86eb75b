// Loads the rows that a group of batches reads, in one round trip.
import type { Kind, Row } from '#shared/rows/rows.ts'
import { FIELD_STAMPS, parsePositionKey } from '#shared/rows/rows.ts'
import type { Sql } from '../../database/database.ts'
import { keyColumnsOf, selectList, STAMPED_KINDS, tableOf } from '../../database/schema/tables.ts'
import { PreloadedRows } from '../commit/preloaded-rows.ts'
import type { ReadSet } from '../commit/read-set.ts'
import { loadHistories, loadPosted } from './history-store.ts'
import { loadLastMoved } from './last-moved-store.ts'

/** Kinds whose key is one column. */
const BY_ID: readonly Kind[] = [
  'items',
  'barcodes',
  'categories',
  'locations',
  'counts',
  'countLines',
  'alerts',
  'conflicts',
]

/** Loads everything that a read set names. Its statements are sent together. */
export async function loadPlannedRows(sql: Sql, orgId: string, plan: ReadSet): Promise<PreloadedRows> {
  const preloaded = new PreloadedRows(plan)
  await Promise.all([
    ...BY_ID.map((kind) => loadByKey(sql, orgId, { kind, plan, rows: preloaded })),
    loadPositions(sql, orgId, { plan, rows: preloaded }),
    loadLots(sql, orgId, { plan, rows: preloaded }),
    loadLevels(sql, orgId, { plan, rows: preloaded }),
    loadOwners(sql, orgId, { plan, rows: preloaded }),
    loadHistories(sql, orgId, { plan, rows: preloaded }),
    loadPosted(sql, orgId, { plan, rows: preloaded }),
    loadLastMoved(sql, orgId, { plan, rows: preloaded }),
  ])
  return preloaded
}

interface Loading {
  plan: ReadSet
  /** Where the loaded rows are added. */
  rows: PreloadedRows
}

async function loadByKey(
  sql: Sql,
  orgId: string,
  { kind, plan, rows: preloaded }: Loading & { kind: Kind },
): Promise<void> {
  const keys = plan.keys(kind)
  const whole = plan.trees.has(kind)
  const undone = kind === 'items' && plan.undone.size > 0
  if (keys.length === 0 && !whole && !undone) return
  const [key] = keyColumnsOf(kind)
  const stamps = stampsOf(kind)
  const type = kind === 'barcodes' ? 'text' : 'uuid'
  const extra = undone
    ? ' or id in (select item_id from mutation_lines l where l.org_id = $1 and l.id = any($3::uuid[]))'
    : ''
  const condition = whole ? '$2::text[] is not null' : `(${key} = any($2::${type}[])${extra})`
  const rows = await sql.unsafe<Record<string, unknown>[]>(
    `select ${selectList(kind)}${stamps} from ${tableOf(kind)} where org_id = $1 and ${condition}`,
    undone ? [orgId, keys, [...plan.undone]] : [orgId, keys],
    { prepare: true },
  )
  preloaded.addRows(kind, rows.map(withStamps) as Row<typeof kind>[])
}

/** The extra column in the select list of a kind whose fields have stamps. */
function stampsOf(kind: Kind): string {
  return STAMPED_KINDS.includes(kind) ? ', field_stamps as "fieldStamps"' : ''
}

function withStamps({ fieldStamps, ...row }: Record<string, unknown>): object {
  return fieldStamps ? { ...row, [FIELD_STAMPS]: fieldStamps } : row
}

/**
 * Each position is looked up by its key. Without `limit 1`, the planner may read all positions of an organisation to find
 * a few, because its statistics of a table that has just grown are old.
 */
async function loadPositions(sql: Sql, orgId: string, { plan, rows: preloaded }: Loading): Promise<void> {
  const keys = plan.keys('positions').map(parsePositionKey)
  if (keys.length > 0) {
    preloaded.addRows(
      'positions',
      await sql.unsafe<Row<'positions'>[]>(
        `select p.* from unnest($2::uuid[], $3::uuid[], $4::text[]) as wanted (i, l, t)
         cross join lateral (
           select ${selectList('positions')} from positions
           where org_id = $1 and item_id = wanted.i and location_id = wanted.l and lot = wanted.t limit 1) p`,
        [orgId, keys.map((key) => key.itemId), keys.map((key) => key.locationId), keys.map((key) => key.lot)],
        { prepare: true },
      ),
    )
  }
  if (plan.undone.size > 0) {
    preloaded.addRows(
      'positions',
      await sql.unsafe<Row<'positions'>[]>(
        `select ${selectList('positions')} from positions where org_id = $1 and (item_id, location_id, lot) in (
           select l.item_id, l.location_id, l.lot from mutation_lines l where l.org_id = $1 and l.id = any($2::uuid[]))`,
        [orgId, [...plan.undone]],
        { prepare: true },
      ),
    )
  }
}

async function loadLots(sql: Sql, orgId: string, { plan, rows: preloaded }: Loading): Promise<void> {
  const keys = plan.keys('lots')
  if (keys.length === 0) return
  const itemIds = keys.map((key) => key.slice(0, 36))
  const lots = keys.map((key) => key.slice(37))
  const rows = await sql<Row<'lots'>[]>`
    select l.* from unnest(${itemIds}::uuid[], ${lots}::text[]) as wanted (i, t)
    cross join lateral (
      select item_id as "itemId", lot, expires_on::text as "expiresOn", version from lots
      where org_id = ${orgId} and item_id = wanted.i and lot = wanted.t limit 1) l`
  preloaded.addRows('lots', rows)
}

async function loadLevels(sql: Sql, orgId: string, { plan, rows: preloaded }: Loading): Promise<void> {
  const keys = plan.keys('levels')
  if (keys.length === 0) return
  const rows = await sql.unsafe<Record<string, unknown>[]>(
    `select ${selectList('levels')}${stampsOf('levels')} from levels
     join unnest($2::uuid[], $3::uuid[]) as wanted (i, l) on item_id = wanted.i and location_id = wanted.l
     where org_id = $1`,
    [orgId, keys.map((key) => key.slice(0, 36)), keys.map((key) => key.slice(37))],
    { prepare: true },
  )
  preloaded.addRows('levels', rows.map(withStamps) as Row<'levels'>[])
}

async function loadOwners(sql: Sql, orgId: string, { plan, rows: preloaded }: Loading): Promise<void> {
  const { sku, locationBarcode } = plan.owners
  await Promise.all([
    sku.size > 0 &&
      sql<{ value: string; id: string }[]>`
        select sku as value, id from items where org_id = ${orgId} and sku = any(${[...sku]}::text[])`.then((rows) => {
        for (const { value, id } of rows) preloaded.addOwner('sku', value, id)
      }),
    locationBarcode.size > 0 &&
      sql<{ value: string; id: string }[]>`
        select barcode as value, id from locations
        where org_id = ${orgId} and barcode = any(${[...locationBarcode]}::text[])`.then((rows) => {
        for (const { value, id } of rows) preloaded.addOwner('locationBarcode', value, id)
      }),
  ])
}
