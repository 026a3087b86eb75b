// Loads what the rules for alerts need to know about the items that a group changes, in one statement.
import type { Alert, Level } from '#shared/rows/rows.ts'
import { parsePositionKey } from '#shared/rows/rows.ts'
import type { Sql } from '../../database/database.ts'
import { selectList } from '../../database/schema/tables.ts'
import type { ReadSet } from '../commit/read-set.ts'

export interface AlertInputs {
  /** The total stock of each item that has a level, in thousandths. */
  totals: Map<string, number>
  /** The levels of single locations, with the stock of the item there in thousandths. */
  locations: { level: Level; total: number }[]
  /** The unresolved alerts on these items. */
  alerts: Alert[]
}

interface AlertRow {
  kind: 'total' | 'location' | 'alert'
  row: { itemId: string; total: number } & Level & Alert
}

export async function loadAlertInputs(sql: Sql, orgId: string, plan: ReadSet): Promise<AlertInputs> {
  const itemIds = [...new Set(plan.keys('positions').map((key) => parsePositionKey(key).itemId))]
  const undone = [...plan.undone]
  const withChangedLevels = [...plan.totals]
  const locations = plan.keys('levels').map((key) => [key.slice(0, 36), key.slice(37)] as const)
  itemIds.push(...withChangedLevels)
  const found: AlertInputs = { totals: new Map(), locations: [], alerts: [] }
  if (itemIds.length === 0 && undone.length === 0) return found
  // As few tables as possible: every push waits for this statement, and planning it takes longer than running it.
  const touched =
    undone.length === 0
      ? sql`any(${itemIds}::uuid[])`
      : sql`any(${itemIds}::uuid[] || array(
          select l.item_id from mutation_lines l where l.org_id = ${orgId} and l.id = any(${undone}::uuid[])))`
  const levelKeys = sql`select item_id, location_id from levels where org_id = ${orgId} and item_id = ${touched}`
  const [levelItems, levelLocations] = [locations.map(([item]) => item), locations.map(([, location]) => location)]
  const locationKeys =
    locations.length === 0
      ? levelKeys
      : sql`${levelKeys} union select unnest(${levelItems}::uuid[]), unnest(${levelLocations}::uuid[])`
  const rows = await sql<AlertRow[]>`
    select 'total' as kind, json_build_object('itemId', i.id, 'total', sum(p.quantity)) as row
    from items i join positions p on p.org_id = ${orgId} and p.item_id = i.id
    where i.org_id = ${orgId} and i.id = ${touched}
      and (i.low is not null or i.high is not null or i.id = any(${withChangedLevels}::uuid[]))
    group by i.id
    union all
    select 'location', json_build_object('itemId', a.item_id, 'locationId', a.location_id,
      'low', l.low, 'high', l.high, 'target', l.target,
      'version', coalesce(l.version, 0), 'deleted', coalesce(l.deleted, true),
      'total', coalesce((
        select sum(p.quantity) from positions p
        where p.org_id = ${orgId} and p.item_id = a.item_id and p.location_id = a.location_id), 0))
    from (${locationKeys}) a
    left join levels l on l.org_id = ${orgId} and l.item_id = a.item_id and l.location_id = a.location_id
    union all
    select 'alert', to_json(unresolved) from (
      select ${sql.unsafe(selectList('alerts'))} from alerts
      where org_id = ${orgId} and state <> 'resolved' and item_id = ${touched}) unresolved`
  for (const { kind, row } of rows) {
    if (kind === 'total') found.totals.set(row.itemId, row.total)
    else if (kind === 'alert') found.alerts.push(row)
    else {
      const { total, ...level } = row
      found.locations.push({ level, total })
    }
  }
  return found
}
