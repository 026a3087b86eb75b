// What the feed asks of PostgreSQL. PostgreSQL writes a page's rows as JSON: nothing is built row by row in Node.
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
  /** The commit at the version of a cursor; null where that was never committed here. */
  chainAtCursor: string | null
  atMsAtCursor: number | null
  /** Tombstones up to this version are forgotten: who is older than that must load everything anew. */
  horizon: number
  lastSeq: number
  lastAt: string | null
}

/** The head, and how far a device of this viewer got; in the snapshot that the rows are read from. */
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

/** How far an organisation has come, in the snapshot that is read. */
export async function readVersion(sql: Sql, orgId: string): Promise<number> {
  const [head] = await sql<{ version: number }[]>`select version from org_heads where org_id = ${orgId}`
  return head?.version ?? 0
}

/** A place in the order of rows: by version, then kind, then key. */
export interface RowPosition {
  version: number
  kind: number
  key: string[]
}

/** The place behind all rows of a version. */
function endOf(version: number): RowPosition {
  return { version, kind: KINDS.length, key: [] }
}

/**
 * Has the rest of a snapshot read rows along the index of their versions. A table that has just grown by an import looks
 * small to the planner, which would sort all that is left of it for each page: 135 ms instead of 12.
 */
export async function readAlongVersions(sql: Sql): Promise<void> {
  await sql`select set_config('enable_bitmapscan', 'off', true)`
}

/**
 * Where a page of at most `limit` rows after `from` ends, or undefined where it holds all that is left. It ends between
 * two versions where it is half full by then: finding that needs the versions' indexes alone. They are read side by side,
 * and no further than the page goes.
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

/** Where a page ends that is smaller than one version: after its last row. */
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

/** A condition on rows that come after a place. Cursors come from outside, so their parts are quoted. */
function after(kind: Kind, index: number, { version, kind: placeKind, key }: RowPosition): string {
  const safeVersion = Math.trunc(Number(version))
  if (index < placeKind) return `version > ${safeVersion}`
  if (index > placeKind) return `version >= ${safeVersion}`
  const columns = keyColumnsOf(kind)
  const values = columns.map((_column, i) => literal(key[i] ?? ''))
  return `(version, ${columns.join(', ')}) > (${safeVersion}, ${values.join(', ')})`
}

function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
