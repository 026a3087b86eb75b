// The queries of imports: what the organisation already knows about the items and movements in a file.
import type { Alert, Item, Location } from '#shared/rows/rows.ts'
import type { Database, Sql } from '../database/database.ts'
import { selectList } from '../database/schema/tables.ts'

export interface KnownProducts {
  /** The barcodes with their current items and the versions of their rows. Codes are canonical. */
  barcodes: { code: string; itemId: string; version: number; deleted: boolean }[]
  /** The items with one of the barcodes, SKUs or ids. */
  items: Item[]
}

export function findProducts(
  database: Database,
  orgId: string,
  { codes, skus, ids }: { codes: string[]; skus: string[]; ids: string[] },
): Promise<KnownProducts> {
  // Each query uses one index. A single query with all conditions would be planned as a scan of all items while the table is
  // small, and PostgreSQL keeps that plan while an import makes the table large.
  return database.snapshot(orgId, async (sql) => {
    const byKey = (column: 'id' | 'sku', keys: string[]) =>
      keys.length === 0
        ? Promise.resolve([])
        : sql.unsafe<Item[]>(
            `select ${selectList('items')} from items
             where org_id = $1 and ${column} = any($2::${column === 'id' ? 'uuid' : 'text'}[])`,
            [orgId, keys],
            { prepare: true },
          )
    const [barcodes, bySku] = await Promise.all([
      sql<KnownProducts['barcodes']>`
        select code, item_id as "itemId", version, deleted from barcodes
        where org_id = ${orgId} and code = any(${codes}::text[])`,
      byKey('sku', skus),
    ])
    const owners = barcodes.flatMap(({ itemId, deleted }) => (deleted ? [] : [itemId]))
    const byId = await byKey('id', [...new Set([...ids, ...owners])])
    return { barcodes: [...barcodes], items: [...bySku, ...byId] }
  })
}

export interface LastCount {
  itemId: string
  locationId: string
  mutationId: string
  /** Thousandths. */
  counted: number
}

/** The last count by an import on each of these positions, in the order in which they were recorded. */
export function findLastCounts(
  database: Database,
  orgId: string,
  { clientId, positions }: { clientId: string; positions: { itemId: string; locationId: string }[] },
): Promise<LastCount[]> {
  return database.snapshot(orgId, async (sql) => {
    const rows = await sql<LastCount[]>`
      select wanted.item_id as "itemId", wanted.location_id as "locationId", last.mutation_id as "mutationId",
        last.amount as counted
      from unnest(
        ${positions.map(({ itemId }) => itemId)}::uuid[], ${positions.map(({ locationId }) => locationId)}::uuid[]
      ) as wanted (item_id, location_id)
      cross join lateral (
        select mutation_id, amount from inventory_logs l
        where l.org_id = ${orgId} and l.item_id = wanted.item_id and l.location_id = wanted.location_id
          and l.lot = '' and l.kind = 'count' and l.client_id = ${clientId}
        -- + 0 prevents a backward scan of the whole log by its primary key
        order by l.no + 0 desc limit 1
      ) last`
    return [...rows]
  })
}

export interface KnownMovements {
  /** Mutations that were decided before. */
  mutationIds: string[]
  items: { id: string; sku: string | null; name: string; version: number }[]
}

export function findMovements(
  database: Database,
  orgId: string,
  { mutationIds, skus, itemIds }: { mutationIds: string[]; skus: string[]; itemIds: string[] },
): Promise<KnownMovements> {
  return database.snapshot(orgId, async (sql) => {
    const columns = sql`select id, sku, name, version from items where org_id = ${orgId}`
    const [known, bySku, byId] = await Promise.all([
      sql<{ id: string }[]>`select id from mutations where org_id = ${orgId} and id = any(${mutationIds}::uuid[])`,
      skus.length === 0 ? [] : sql<KnownMovements['items']>`${columns} and sku = any(${skus}::text[])`,
      itemIds.length === 0 ? [] : sql<KnownMovements['items']>`${columns} and id = any(${itemIds}::uuid[])`,
    ])
    return { mutationIds: known.map(({ id }) => id), items: [...bySku, ...byId] }
  })
}

export interface FoundLocations {
  categories: { id: string; name: string }[]
  locations: Pick<Location, 'id' | 'name' | 'parentId' | 'kind' | 'barcode'>[]
}

/** Categories and locations that are not archived, oldest first. There are few of them. */
export function findLocations(database: Database, orgId: string): Promise<FoundLocations> {
  return database.snapshot(orgId, async (sql) => {
    const [categories, locations] = await Promise.all([
      sql<
        FoundLocations['categories']
      >`select id, name from categories where org_id = ${orgId} and not archived order by id`,
      sql<FoundLocations['locations']>`
        select id, name, parent_id as "parentId", kind, barcode from locations
        where org_id = ${orgId} and not archived order by id`,
    ])
    return { categories: [...categories], locations: [...locations] }
  })
}

/** The number of positions at a location that are below zero, and the alert about them, if there ever was one. */
export async function findNegative(
  sql: Sql,
  orgId: string,
  { locationId, alertId }: { locationId: string; alertId: string },
) {
  const [[count], [alert]] = await Promise.all([
    sql<{ negative: number }[]>`
      select count(*)::int8 as negative from positions
      where org_id = ${orgId} and location_id = ${locationId} and quantity < 0`,
    sql.unsafe<Alert[]>(`select ${selectList('alerts')} from alerts where org_id = $1 and id = $2`, [orgId, alertId], {
      prepare: true,
    }),
  ])
  return { negative: count!.negative, alert }
}
