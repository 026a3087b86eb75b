// Housekeeping of an organisation, under its lock. Tombstones: rows that are gone, kept so that devices learn of it. They
// are forgotten once a device that has not been heard of for so long loads everything anew in any case. Keeps M5, U6.
import type { Row } from '#shared/rows/rows.ts'
import type { Database } from '../../database/database.ts'
import { selectList } from '../../database/schema/tables.ts'

/** A device that comes back after sixty days still gets what changed; after this it gets everything. */
const KEPT_MS = 90 * 86_400_000

/**
 * Counts anew what waits for something unknown: a server of the version before records refusals without counting them.
 */
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

/** The next refusals that wait for any of `keys`, or for anything, in the order of their own time. */
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

/** Forgets what is older, and says up to which version. */
export function deleteOldTombstones(database: Database, orgId: string, nowMs: number): Promise<number> {
  return database.transaction(orgId, async ({ sql }) => {
    await sql`select from org_heads where org_id = ${orgId} for no key update`
    const [old] = await sql<{ version: number }[]>`
      select coalesce(max(version), 0)::int8 as version from commits
      where org_id = ${orgId} and at_ms < ${nowMs - KEPT_MS}`
    const version = old!.version
    const [gone] = await sql<{ count: number }[]>`
      with barcodes_gone as (
        delete from barcodes where org_id = ${orgId} and deleted and version <= ${version} returning 1
      ), levels_gone as (
        delete from levels where org_id = ${orgId} and deleted and version <= ${version} returning 1
      )
      select (select count(*) from barcodes_gone) + (select count(*) from levels_gone) as count`
    // Only what was forgotten makes older devices begin anew.
    if (Number(gone!.count) > 0) await sql`update org_heads set horizon = ${version} where org_id = ${orgId}`
    return version
  })
}
