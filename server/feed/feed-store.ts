// The queries of the feed. PostgreSQL returns the rows of a page as JSON, so Node does not build them one by one.
import type { Kind, WireTables } from '#shared/rows/rows.ts'
import { columnsOf, KINDS, quantityColumns } from '#shared/rows/rows.ts'
import type { Json } from '#shared/values/json.ts'
import type { Sql } from '../database/database.ts'
import { columnOf, keyColumnsOf, tableOf } from '../database/schema/tables.ts'
import type { Viewer } from './viewer.ts'
import { hiddenColumns, visibleCondition } from './viewer.ts'

export interface FeedHead {
  epoch: number
  version: number
  /** The commit at the head. */
  chainHead: string
  atMs: number | null
  /** The commit at the version of a cursor, or null if that version was never committed here. */
  chainAtCursor: string | null
  atMsAtCursor: number | null
  /** Tombstones up to this version are deleted. Devices with an older cursor must load everything again. */
  horizon: number
  lastSeq: number
  lastAt: string | null
}

/** The head, and the lastSeq of a device of this viewer, in the same snapshot as the rows. */
export async function readHead(
  sql: Sql,
  { orgId, userId }: Pick<Viewer, 'orgId' | 'userId'>,
  { clientId, cursorVersion }: { clientId: string | undefined; cursorVersion?: number | undefined },
): Promise<FeedHead | undefined> {
  const [head] = await sql<FeedHead[]>`
    select h.epoch, h.version, coalesce(c.head, '') as "chainHead", c.at_ms as "atMs", seen.head as "chainAtCursor",
      seen.at_ms as "atMsAtCursor", h.horizon, coalesce(d.last_seq, 0) as "lastSeq", d.last_at as "lastAt"
    from org_heads h
    left join commits c on c.org_id = h.org_id and c.version = h.version
    left join commits seen on seen.org_id = h.org_id and seen.version = ${cursorVersion ?? null}::int8
    left join devices d on d.org_id = h.org_id and d.client_id = ${clientId ?? null}::uuid and d.user_id = ${userId}
    where h.org_id = ${orgId}`
  return head
}

/** The version of an organisation in this snapshot. */
export async function readVersion(sql: Sql, orgId: string): Promise<number> {
  const [head] = await sql<{ version: number }[]>`select version from org_heads where org_id = ${orgId}`
  return head?.version ?? 0
}

/** A position in the order of rows: by version, then kind, then key. */
export interface RowPosition {
  version: number
  kind: number
  key: string[]
}

/** The position after all rows of a version. */
function endOf(version: number): RowPosition {
  return { version, kind: KINDS.length, key: [] }
}

/**
 * Makes the rest of a snapshot read rows by the index on their versions. A table that has just grown by an import looks
 * small to the planner, which would then sort all remaining rows for each page: 135 ms instead of 12 ms.
 */
export async function readAlongVersions(sql: Sql): Promise<void> {
  await sql`select set_config('enable_bitmapscan', 'off', true)`
}

/**
 * Where a page of at most `limit` rows after `from` ends, or undefined if it contains all remaining rows. It ends between
 * two versions if it is half full by then, because only the indexes on the versions are needed to find that. They are read
 * together, and only as far as the page goes.
 */
export async function findPageEnd(
  sql: Sql,
  viewer: Viewer,
  { from, limit }: PageStart,
): Promise<RowPosition | undefined> {
  const parts = KINDS.map(
    (kind, index) =>
      `(select version from ${tableOf(kind)} where org_id = $1 and ${after(kind, index, from)}
        and ${visibleCondition(kind, viewer)} order by version limit ${limit + 1})`,
  )
  const [beyond] = await sql.unsafe<{ version: number; before: number }[]>(
    `with following as materialized (
         select version from (${parts.join(' union all ')}) as each_kind order by version limit ${limit + 1}),
       beyond as (select max(version) as version from following having count(*) > ${limit})
     select version, (select count(*) from following where following.version < beyond.version) as before from beyond`,
    [viewer.orgId, viewer.userId],
    { prepare: false },
  )
  if (!beyond) return undefined
  return beyond.before > limit / 2 ? endOf(beyond.version - 1) : findEndWithin(sql, viewer, { from, limit })
}

interface PageStart {
  from: RowPosition
  limit: number
}

/** Where a page within one large version ends: after its last row. */
async function findEndWithin(sql: Sql, viewer: Viewer, { from, limit }: PageStart): Promise<RowPosition> {
  const parts = KINDS.map((kind, index) => {
    const keys = keyColumnsOf(kind)
    return `(select version, ${index} as kind, array[${keys.map((key) => `${key}::text`).join(', ')}] as key
      from ${tableOf(kind)} where org_id = $1 and ${after(kind, index, from)} and ${visibleCondition(kind, viewer)}
      order by version, ${keys.join(', ')} limit ${limit})`
  })
  const [last] = await sql.unsafe<RowPosition[]>(
    `select version, kind, key from (${parts.join(' union all ')}) as following
     order by version, kind, key collate "C" offset ${limit - 1} limit 1`,
    [viewer.orgId, viewer.userId],
    { prepare: false },
  )
  return last!
}

/** The rows of a page, after `from` and up to `to`. */
export async function readPage(
  sql: Sql,
  viewer: Viewer,
  { from, to }: { from: RowPosition; to: RowPosition | undefined },
): Promise<WireTables> {
  const tables: WireTables = {}
  await Promise.all(
    KINDS.map(async (kind, index) => {
      const keys = keyColumnsOf(kind)
      const upTo = to ? `and not (${after(kind, index, to)})` : ''
      const [page] = await sql.unsafe<{ rows: string | null }[]>(
        `select json_agg(json_build_array(${jsonColumns(kind, viewer)}) order by version, ${keys.join(', ')})::text as rows
         from ${tableOf(kind)} where org_id = $1 and ${after(kind, index, from)} ${upTo} and ${visibleCondition(kind, viewer)}`,
        [viewer.orgId, viewer.userId],
        { prepare: false },
      )
      if (page?.rows) tables[kind] = { columns: columnsOf[kind], rows: JSON.parse(page.rows) as Json[][] }
    }),
  )
  return tables
}

function jsonColumns(kind: Kind, viewer: Viewer): string {
  const quantities = quantityColumns[kind] ?? []
  const hidden = hiddenColumns(kind, viewer)
  return columnsOf[kind]
    .map((field) => {
      if (hidden.includes(field)) return 'null'
      return quantities.includes(field) ? `trim_scale(${columnOf(field)} / 1000.0)` : columnOf(field)
    })
    .join(', ')
}

/** A condition for rows after a position. The values of a cursor come from outside, so they are quoted. */
function after(kind: Kind, index: number, { version, kind: positionKind, key }: RowPosition): string {
  const safeVersion = Math.trunc(Number(version))
  if (index < positionKind) return `version > ${safeVersion}`
  if (index > positionKind) return `version >= ${safeVersion}`
  const columns = keyColumnsOf(kind)
  const values = columns.map((_column, i) => literal(key[i] ?? ''))
  return `(version, ${columns.join(', ')}) > (${safeVersion}, ${values.join(', ')})`
}

function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
