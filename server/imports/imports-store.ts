// What an import asks of PostgreSQL: what the organisation knows already of what its rows are about.
import type { Alert, Item, Location } from '#shared/rows/rows.ts'
import type { Database, Sql } from '../database/database.ts'
import { selectList } from '../database/tables.ts'

export interface KnownProducts {
  /** By canonical barcode: which item has it now, and the version of that row. */
  barcodes: { code: string; itemId: string; version: number; deleted: boolean }[]
  /** Those that a barcode, a SKU or an id leads to. */
  items: Item[]
}

export function findProducts(
  database: Database,
  orgId: string,
  { codes, skus, ids }: { codes: string[]; skus: string[]; ids: string[] },
): Promise<KnownProducts> {
  return database.snapshot(orgId, async (sql) => {
    const [barcodes, items] = await Promise.all([
      sql<KnownProducts['barcodes']>`
        select code, item_id as "itemId", version, deleted from barcodes
        where org_id = ${orgId} and code = any(${codes}::text[])`,
      sql.unsafe<Item[]>(
        `select ${selectList('items')} from items where org_id = $1 and id in (
           select unnest($2::uuid[])
           union all select id from items where org_id = $1 and sku = any($3::text[])
           union all select item_id from barcodes where org_id = $1 and code = any($4::text[]) and not deleted)`,
        [orgId, ids, skus, codes],
        { prepare: true },
      ),
    ])
    return { barcodes: [...barcodes], items: [...items] }
  })
}

export interface LastCount {
  itemId: string
  locationId: string
  mutationId: string
  /** Thousandths. */
  counted: number
}

/** The last count of an import on each of these places, by the order in which they were recorded. */
export function findLastCounts(
  database: Database,
  orgId: string,
  { clientId, places }: { clientId: string; places: { itemId: string; locationId: string }[] },
): Promise<LastCount[]> {
  return database.snapshot(orgId, async (sql) => {
    const rows = await sql<LastCount[]>`
      select distinct on (l.item_id, l.location_id) l.item_id as "itemId", l.location_id as "locationId",
        l.mutation_id as "mutationId", l.amount as counted
      from unnest(${places.map(({ itemId }) => itemId)}::uuid[], ${places.map(({ locationId }) => locationId)}::uuid[])
        as place (item_id, location_id)
      join inventory_logs l on l.org_id = ${orgId} and l.item_id = place.item_id and l.location_id = place.location_id
        and l.lot = '' and l.kind = 'count' and l.client_id = ${clientId}
      order by l.item_id, l.location_id, l.no desc`
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
    const [known, items] = await Promise.all([
      sql<{ id: string }[]>`select id from mutations where org_id = ${orgId} and id = any(${mutationIds}::uuid[])`,
      skus.length === 0
        ? []
        : sql<KnownMovements['items']>`
            select id, sku, name, version from items
            where org_id = ${orgId} and (sku = any(${skus}::text[]) or id = any(${itemIds}::uuid[]))`,
    ])
    return { mutationIds: known.map(({ id }) => id), items: [...items] }
  })
}

export interface Places {
  categories: { id: string; name: string }[]
  locations: Pick<Location, 'id' | 'name' | 'parentId' | 'kind' | 'barcode'>[]
}

/** Categories and locations that are not archived, oldest first. There are few of them. */
export function findPlaces(database: Database, orgId: string): Promise<Places> {
  return database.snapshot(orgId, async (sql) => {
    const [categories, locations] = await Promise.all([
      sql<Places['categories']>`select id, name from categories where org_id = ${orgId} and not archived order by id`,
      sql<Places['locations']>`
        select id, name, parent_id as "parentId", kind, barcode from locations
        where org_id = ${orgId} and not archived order by id`,
    ])
    return { categories: [...categories], locations: [...locations] }
  })
}

/** How many positions at a location are below zero, and the alert that says so, if there ever was one. */
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
