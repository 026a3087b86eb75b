// Housekeeping of an organisation, under its lock: the number of blocked mutations, and old tombstones. Keeps M5, U6.
import type { Row } from '#shared/rows/rows.ts'
import type { Database } from '../../database/database.ts'
import { selectList } from '../../database/schema/tables.ts'

/** A device that returns after sixty days still gets only the changes. After this time it loads everything. */
const TOMBSTONE_TTL_MS = 90 * 86_400_000

/** Counts the blocked mutations again, because servers of the previous version do not count the refusals they record. */
export function countBlocked(database: Database, orgId: string): Promise<void> {
  return database.transaction(orgId, async ({ sql }) => {
    await sql`select from org_heads where org_id = ${orgId} for no key update`
    await sql`
      update org_heads set waiting = (
        select count(*) from conflicts c
        where c.org_id = ${orgId} and c.kind = 'refusal' and c.state = 'open' and c.code = 'depends_on_missing')
      where org_id = ${orgId}`
  })
}

/** The next mutations that are blocked by any of `keys`, or all blocked ones without `keys`, ordered by their stamps. */
export function readBlocked(
  database: Database,
  orgId: string,
  { after, limit, keys }: { after: { at: string; id: string }; limit: number; keys?: readonly string[] | undefined },
): Promise<Row<'conflicts'>[]> {
  return database.snapshot(orgId, async (sql) => [
    ...(await sql.unsafe<Row<'conflicts'>[]>(
      `select ${selectList('conflicts')} from conflicts
       where org_id = $1 and state = 'open' and code = 'depends_on_missing' and kind = 'refusal'
         and (at, id) > ($2, $3::uuid) ${keys ? "and detail ->> 'id' = any($5::text[])" : ''}
       order by at, id limit $4`,
      [orgId, after.at, after.id, limit, ...(keys ? [[...keys]] : [])],
      { prepare: true },
    )),
  ])
}

/** Deletes old tombstones. Returns the version up to which they are deleted. */
export function deleteOldTombstones(database: Database, orgId: string, nowMs: number): Promise<number> {
  return database.transaction(orgId, async ({ sql }) => {
    await sql`select from org_heads where org_id = ${orgId} for no key update`
    const [old] = await sql<{ version: number }[]>`
      select coalesce(max(version), 0)::int8 as version from commits
      where org_id = ${orgId} and at_ms < ${nowMs - TOMBSTONE_TTL_MS}`
    const version = old!.version
    const [deleted] = await sql<{ count: number }[]>`
      with deleted_barcodes as (
        delete from barcodes where org_id = ${orgId} and deleted and version <= ${version} returning 1
      ), deleted_levels as (
        delete from levels where org_id = ${orgId} and deleted and version <= ${version} returning 1
      )
      select (select count(*) from deleted_barcodes) + (select count(*) from deleted_levels) as count`
    // If no tombstone was deleted, older devices can continue from their cursors.
    if (Number(deleted!.count) > 0) await sql`update org_heads set horizon = ${version} where org_id = ${orgId}`
    return version
  })
}
