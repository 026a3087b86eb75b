// Loads entries of the ledger: the history of counted positions, and what undone mutations posted.
import type { PostedEntry } from '#shared/working-set/working-set.ts'
import type { Entry } from '#shared/working-set/ledger.ts'
import { parsePositionKey, positionKey } from '#shared/rows/rows.ts'
import type { Sql } from '../../database/database.ts'
import type { PreloadedRows } from '../commit/preloaded-rows.ts'
import type { ReadSet } from '../commit/read-set.ts'

interface Loading {
  plan: ReadSet
  rows: PreloadedRows
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
 * Loads the entries that counts and voided counts look at. On a counted position these are the entries since the earliest
 * count of the group; on a position where a count is undone, those since the last count that remains.
 */
export async function loadHistories(sql: Sql, orgId: string, { plan, rows: preloaded }: Loading): Promise<void> {
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

/** Loads what the undone mutations posted. */
export async function loadPosted(sql: Sql, orgId: string, { plan, rows: preloaded }: Loading): Promise<void> {
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
    if (row.refused) continue // it has not posted anything but still may, so it is unknown, as before it was sent
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
