// What the ledger asks of PostgreSQL: one round trip to load what a group of batches reads.
import type { PostedEntry } from '#shared/working-set/working-set.ts'
import type { Entry } from '#shared/working-set/ledger.ts'
import type { Kind, Role, Row } from '#shared/rows/rows.ts'
import { FIELD_STAMPS, parsePositionKey, positionKey } from '#shared/rows/rows.ts'
import type { Sql } from '../../database/database.ts'
import { keyColumnsOf, selectList, tableOf } from '../../database/schema/tables.ts'
import type { CommitId } from '../../events/commit-id.ts'
import { loadLastMoved } from './last-moved-store.ts'
import { PreloadedRows } from '../commit/preloaded-rows.ts'
import type { ReadSet } from '../commit/read-set.ts'

export interface Head {
  version: number
  epoch: number
  logNo: number
  logHash: string
  auditNo: number
  auditHash: string
  /** How many refusals wait for something that does not exist yet. */
  waiting: number
}

export interface DeviceRow {
  clientId: string
  userId: string
  lastSeq: number
  lastAt: string | null
}

export interface KnownMutation {
  id: string
  clientId: string
  seq: number
  code: string | null
  detail: Record<string, unknown> | null
}

/** Locks the organisation's line of versions. A statement of its own: one that waits would read an old snapshot. */
export async function lockHead(sql: Sql, orgId: string): Promise<Head | undefined> {
  const [head] = await sql<Head[]>`
    select version, epoch, log_no as "logNo", encode(log_hash, 'hex') as "logHash",
      audit_no as "auditNo", encode(audit_hash, 'hex') as "auditHash", waiting
    from org_heads where org_id = ${orgId} for no key update`
  return head
}

export interface Senders {
  /** The devices that sent, those that have sent before. */
  devices: Map<string, DeviceRow>
  /** The roles of those people who are not disabled. */
  roles: Map<string, Role>
  /** Those of the sessions that are good. */
  sessions: Set<string>
  /** Those of the mutations that were decided before. */
  known: Map<string, KnownMutation>
  /** When the versions were committed that devices had seen, and the last one, Unix ms. */
  commitTimes: Map<number, number>
}

export const NO_SENDERS = { clientIds: [], userIds: [], sessionIds: [], mutationIds: [], versions: [] }

type SenderRow =
  | { kind: 'device'; id: string; other: string; number: number; text: string | null }
  | { kind: 'person'; id: string; text: Role }
  | { kind: 'session'; id: string }
  | { kind: 'known'; id: string; other: string; number: number; text: string | null; detail: KnownMutation['detail'] }
  | { kind: 'commit'; number: number; time: number }

/** What is known of whoever sends, and of what they send: in one statement, as every push pays for it. */
export async function loadSenders(
  sql: Sql,
  orgId: string,
  wanted: { clientIds: string[]; userIds: string[]; sessionIds: string[]; mutationIds: string[]; versions: number[] },
): Promise<Senders> {
  const { clientIds, userIds, sessionIds, mutationIds, versions } = wanted
  const rows = await sql<SenderRow[]>`
    select 'known' as kind, id, client_id as other, seq as number, code as text, detail, null::int8 as time
    from mutations where org_id = ${orgId} and id = any(${mutationIds}::uuid[])
    union all
    select 'device', client_id, user_id, last_seq, last_at, null, null
    from devices where org_id = ${orgId} and client_id = any(${clientIds}::uuid[])
    union all
    select 'person', id, null, null, role, null, null
    from users where org_id = ${orgId} and id = any(${userIds}::uuid[]) and not disabled
    union all
    select 'session', id, null, null, null, null, null
    from sessions
    where org_id = ${orgId} and id = any(${sessionIds}::uuid[]) and revoked_at is null and expires_at > now()
    union all
    select 'commit', null, null, version, null, null, at_ms
    from commits
    where org_id = ${orgId}
      and version = any(array_append(${versions}::int8[], (select version from org_heads where org_id = ${orgId})))`
  const senders: Senders = {
    devices: new Map(),
    roles: new Map(),
    sessions: new Set(),
    known: new Map(),
    commitTimes: new Map(),
  }
  for (const row of rows) take(senders, row)
  return senders
}

function take(senders: Senders, row: SenderRow): void {
  switch (row.kind) {
    case 'device': {
      const { id, other, number, text } = row
      senders.devices.set(id, { clientId: id, userId: other, lastSeq: number, lastAt: text })
      return
    }
    case 'person':
      senders.roles.set(row.id, row.text)
      return
    case 'session':
      senders.sessions.add(row.id)
      return
    case 'known': {
      const { id, other, number, text, detail } = row
      senders.known.set(id, { id, clientId: other, seq: number, code: text, detail })
      return
    }
    case 'commit':
      senders.commitTimes.set(row.number, row.time)
  }
}

/** Which commit stands at a version; undefined where it was never committed. */
export async function loadCommitId(sql: Sql, orgId: string, version: number): Promise<CommitId | undefined> {
  const [commitId] = await sql<CommitId[]>`
    select head as "chainHead", at_ms as "atMs" from commits where org_id = ${orgId} and version = ${version}`
  return commitId
}

/** Kinds whose rows keep a stamp for each field. */
export const STAMPED: readonly Kind[] = ['items', 'barcodes', 'categories', 'locations', 'levels']
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

/** The conflicts that a group resolves: only they say what else it reads. */
export async function loadConflicts(sql: Sql, orgId: string, ids: string[]): Promise<Row<'conflicts'>[]> {
  return sql.unsafe<Row<'conflicts'>[]>(
    `select ${selectList('conflicts')} from conflicts where org_id = $1 and id = any($2::uuid[])`,
    [orgId, ids],
    { prepare: true },
  )
}

/** The lines of the planned counts that a group settles: only they say which positions it counts. */
export async function loadLines(sql: Sql, orgId: string, countIds: string[]): Promise<Row<'countLines'>[]> {
  return sql.unsafe<Row<'countLines'>[]>(
    `select ${selectList('countLines')} from count_lines where org_id = $1 and count_id = any($2::uuid[])`,
    [orgId, countIds],
    { prepare: true },
  )
}

/** The first refusals that wait for any of these to exist: ids of rows and mutations, codes of barcodes. */
export async function loadBlocked(
  sql: Sql,
  orgId: string,
  { missing, limit }: { missing: string[]; limit: number },
): Promise<Row<'conflicts'>[]> {
  return sql.unsafe<Row<'conflicts'>[]>(
    `select ${selectList('conflicts')} from conflicts
     where org_id = $1 and state = 'open' and code = 'depends_on_missing' and detail ->> 'id' = any($2::text[])
     order by at, id limit $3`,
    [orgId, missing, limit],
    { prepare: true },
  )
}

/** Loads all that a read set names onto a shelf. Its statements are sent together. */
export async function loadPlannedRows(sql: Sql, orgId: string, plan: ReadSet): Promise<PreloadedRows> {
  const preloaded = new PreloadedRows(plan)
  await Promise.all([
    ...BY_ID.map((kind) => loadByKey(sql, orgId, { kind, wants: plan, shelf: preloaded })),
    loadPositions(sql, orgId, { wants: plan, shelf: preloaded }),
    loadLots(sql, orgId, { wants: plan, shelf: preloaded }),
    loadLevels(sql, orgId, { wants: plan, shelf: preloaded }),
    loadOwners(sql, orgId, { wants: plan, shelf: preloaded }),
    loadHistories(sql, orgId, { wants: plan, shelf: preloaded }),
    loadPosted(sql, orgId, { wants: plan, shelf: preloaded }),
    loadLastMoved(sql, orgId, { wants: plan, shelf: preloaded }),
  ])
  return preloaded
}

interface Loading {
  wants: ReadSet
  shelf: PreloadedRows
}

async function loadByKey(
  sql: Sql,
  orgId: string,
  { kind, wants: plan, shelf: preloaded }: Loading & { kind: Kind },
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

/** What a select list adds for kinds that keep a stamp for each field. */
function stampsOf(kind: Kind): string {
  return STAMPED.includes(kind) ? ', field_stamps as "fieldStamps"' : ''
}

function withStamps({ fieldStamps, ...row }: Record<string, unknown>): object {
  return fieldStamps ? { ...row, [FIELD_STAMPS]: fieldStamps } : row
}

// Looked up one by one by its key, whatever the planner believes of a table that has just grown: `limit 1` keeps it from
// reading all positions of an organisation to find a few.
async function loadPositions(sql: Sql, orgId: string, { wants: plan, shelf: preloaded }: Loading): Promise<void> {
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

async function loadLots(sql: Sql, orgId: string, { wants: plan, shelf: preloaded }: Loading): Promise<void> {
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

async function loadLevels(sql: Sql, orgId: string, { wants: plan, shelf: preloaded }: Loading): Promise<void> {
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

async function loadOwners(sql: Sql, orgId: string, { wants: plan, shelf: preloaded }: Loading): Promise<void> {
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

interface LoggedEntry {
  itemId: string
  locationId: string
  lot: string
  id: string
  at: string
  counts: boolean
  amount: number
  void: boolean
  madeAt: string | null
  since: string | null
  version: number | null
}

/**
 * The entries that counts and voided counts look at: on each counted position those from the earliest count of the
 * group on; on positions where a count is undone, those from the last count that stays.
 */
async function loadHistories(sql: Sql, orgId: string, { wants: plan, shelf: preloaded }: Loading): Promise<void> {
  if (plan.counts.size === 0 && plan.undone.size === 0) return
  const counts = [...plan.counts].map(([position, from]) => ({ ...parsePositionKey(position), from }))
  const undone = [...plan.undone]
  const rows = await sql<LoggedEntry[]>`
    with touched as (
      select i, l, t, f as floor from unnest(
        ${counts.map((count) => count.itemId)}::uuid[], ${counts.map((count) => count.locationId)}::uuid[],
        ${counts.map((count) => count.lot)}::text[], ${counts.map((count) => count.from)}::text[]
      ) as wanted (i, l, t, f)
      union all
      select e.item_id, e.location_id, e.lot, coalesce((
        select max(c.at) from inventory_logs c
        where c.org_id = e.org_id and c.item_id = e.item_id and c.location_id = e.location_id and c.lot = e.lot
          and c.kind = 'count' and c.mutation_id <> all(${undone}::uuid[])
          and not exists (
            select from inventory_logs v where v.org_id = c.org_id and v.voids = c.mutation_id
              and v.item_id = c.item_id and v.location_id = c.location_id and v.lot = c.lot)
      ), '')
      from mutation_lines e where e.org_id = ${orgId} and e.id = any(${undone}::uuid[]) and e.kind = 'count'
    ), floors as (select i, l, t, min(floor collate "C") as floor from touched group by i, l, t)
    select e.item_id as "itemId", e.location_id as "locationId", e.lot, e.mutation_id as id, e.at,
      e.kind = 'count' as counts, e.amount,
      exists (
        select from inventory_logs v where v.org_id = e.org_id and v.voids = e.mutation_id
          and v.item_id = e.item_id and v.location_id = e.location_id and v.lot = e.lot) as void, e.made_at as "madeAt",
      e.counted_since as since, e.version
    from floors join inventory_logs e
      on e.org_id = ${orgId} and e.item_id = i and e.location_id = l and e.lot = t
        and (e.at >= floor or e.made_at >= floor)
    where e.kind <> 'void'`
  for (const row of rows) preloaded.addEntry(positionKey(row.itemId, row.locationId, row.lot), toEntry(row))
}

async function loadPosted(sql: Sql, orgId: string, { wants: plan, shelf: preloaded }: Loading): Promise<void> {
  if (plan.undone.size === 0) return
  const rows = await sql<
    ({ name: string; userId: string; refused: boolean; voids: boolean | null } & {
      [K in Exclude<keyof LoggedEntry, 'since' | 'version'>]: LoggedEntry[K] | null
    })[]
  >`
    select id, name, author_id as "userId", refused, item_id as "itemId", location_id as "locationId", lot, at,
      kind = 'count' as counts, kind = 'void' as voids, amount, void, made_at as "madeAt"
    from mutation_lines
    where org_id = ${orgId} and id = any(${[...plan.undone]}::uuid[])`
  const entries = new Map<string, PostedEntry[]>()
  for (const row of rows) {
    if (row.refused) continue // it posted nothing, but may yet: it is as unknown as before it came
    const id = row.id!
    if (!entries.has(id)) {
      entries.set(id, [])
      preloaded.addPosted(id, { name: row.name, userId: row.userId, entries: entries.get(id)! })
    }
    if (row.itemId === null || row.voids) continue
    const position = positionKey(row.itemId, row.locationId!, row.lot!)
    entries.get(id)!.push({ position, entry: toEntry({ ...row, since: null, version: null } as LoggedEntry) })
  }
}

function toEntry({ id, at, counts, amount, void: voided, madeAt, since, version }: LoggedEntry): Entry {
  const known = { ...(madeAt !== null && { madeAt }), ...(version !== null && { version }) }
  const entry = { id, at, amount, void: voided, ...known }
  return counts ? { ...entry, kind: 'count', ...(since !== null && { since }) } : { ...entry, kind: 'delta' }
}
