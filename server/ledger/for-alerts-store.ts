// What the level check needs of the items that a group touches, asked in one statement.
import type { Alert, Level } from '#shared/rows/rows.ts'
import { parsePositionKey } from '#shared/rows/rows.ts'
import type { Sql } from '../database/database.ts'
import { selectList } from '../database/tables.ts'
import type { ReadSet } from './read-set.ts'

export interface ForAlerts {
  /** The whole stock of each item that has a level, and what lies at each place that has one, in thousandths. */
  totals: Map<string, number>
  places: { level: Level; total: number }[]
  /** The alerts on these items that are not resolved. */
  alerts: Alert[]
}

interface AlertRow {
  kind: 'total' | 'place' | 'alert'
  row: { itemId: string; total: number } & Level & Alert
}

/** What the level check needs of the items that a group touches: their whole stock, and the alerts that stand. */
export async function loadForAlerts(sql: Sql, orgId: string, wants: ReadSet): Promise<ForAlerts> {
  const itemIds = [...new Set(wants.keys('positions').map((key) => parsePositionKey(key).itemId))]
  const undone = [...wants.undone]
  const levelled = [...wants.totals]
  const places = wants.keys('levels').map((key) => [key.slice(0, 36), key.slice(37)] as const)
  itemIds.push(...levelled)
  const found: ForAlerts = { totals: new Map(), places: [], alerts: [] }
  if (itemIds.length === 0 && undone.length === 0) return found
  const rows = await sql<AlertRow[]>`
    with touched as (
      select unnest(${itemIds}::uuid[]) as id union
      select l.item_id from mutation_lines l where l.org_id = ${orgId} and l.id = any(${undone}::uuid[])
    ), totals as (
      select p.item_id as "itemId", sum(p.quantity)::int8 as total from touched
      join items i on i.org_id = ${orgId} and i.id = touched.id
        and (i.low is not null or i.high is not null or i.id = any(${levelled}::uuid[]))
      join positions p on p.org_id = ${orgId} and p.item_id = i.id group by p.item_id
    ), at_places as (
      select l.item_id, l.location_id from touched join levels l on l.org_id = ${orgId} and l.item_id = touched.id
      union select unnest(${places.map(([item]) => item)}::uuid[]), unnest(${places.map(([, place]) => place)}::uuid[])
    ), place_totals as (
      select a.item_id as "itemId", a.location_id as "locationId", l.low, l.high, l.target,
        coalesce(l.version, 0) as version, coalesce(l.deleted, true) as deleted,
        coalesce((select sum(p.quantity) from positions p where p.org_id = ${orgId} and p.item_id = a.item_id
          and p.location_id = a.location_id), 0)::int8 as total
      from at_places a
      left join levels l on l.org_id = ${orgId} and l.item_id = a.item_id and l.location_id = a.location_id
    ), standing as (
      select ${sql.unsafe(selectList('alerts'))} from alerts
      where org_id = ${orgId} and state <> 'resolved' and item_id in (select id from touched)
    )
    select 'total' as kind, to_json(totals) as row from totals
    union all select 'place', to_json(place_totals) from place_totals
    union all select 'alert', to_json(standing) from standing`
  for (const { kind, row } of rows) {
    if (kind === 'total') found.totals.set(row.itemId, row.total)
    else if (kind === 'alert') found.alerts.push(row)
    else {
      const { total, ...level } = row
      found.places.push({ level, total })
    }
  }
  return found
}
