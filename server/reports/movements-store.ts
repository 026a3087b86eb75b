// Movements with their authors and outcomes, newest first.
import type { Sql } from '../database/database.ts'

export interface MovementFilter {
  itemId?: string | undefined
  locationId?: string | undefined
  kind?: string | undefined
  userId?: string | undefined
  /** Stamps. `fromStamp` is inclusive, `toStamp` is exclusive. */
  fromStamp?: string | undefined
  toStamp?: string | undefined
  /** The last row of the previous page. */
  after?: { at: string; no: number } | undefined
  limit: number
}

export interface MovementRow {
  no: number
  mutationId: string
  kind: string
  itemId: string
  locationId: string
  lot: string
  /** In units: the added quantity (negative if removed), or the counted quantity. */
  quantity: number
  at: string
  userId: string
  userName: string | null
  reason: string | null
  reference: string | null
  unitCost: number | null
  voids: string | null
  /** void: undone later. absorbed: a later count was recorded before it. superseded: a count with a later count. */
  fate: 'applied' | 'void' | 'absorbed' | 'superseded'
}

/** At most `limit` movements after the end of the previous page. */
export async function listMovements(sql: Sql, orgId: string, filter: MovementFilter): Promise<MovementRow[]> {
  const { itemId, locationId, kind, userId, fromStamp, toStamp, after, limit } = filter
  return sql<MovementRow[]>`
    select l.no, l.mutation_id as "mutationId", l.kind, l.item_id as "itemId", l.location_id as "locationId", l.lot,
      l.amount / 1000.0 as quantity, l.at, l.user_id as "userId", u.name as "userName", l.reason, l.reference,
      l.unit_cost as "unitCost", l.voids,
      case
        when exists (
          select from inventory_logs v where v.org_id = l.org_id and v.voids = l.mutation_id
            and v.item_id = l.item_id and v.location_id = l.location_id and v.lot = l.lot) then 'void'
        when l.kind <> 'void' and exists (
          select from inventory_logs c where c.org_id = l.org_id and c.item_id = l.item_id
            and c.location_id = l.location_id and c.lot = l.lot and (c.at, c.mutation_id) > (l.at, l.mutation_id)
            and c.kind = 'count' and c.no < l.no and not exists (
              select from inventory_logs v where v.org_id = c.org_id and v.voids = c.mutation_id
                and v.item_id = c.item_id and v.location_id = c.location_id and v.lot = c.lot)
        ) then 'absorbed'
        when l.kind = 'count' and exists (
          select from inventory_logs c where c.org_id = l.org_id and c.item_id = l.item_id
            and c.location_id = l.location_id and c.lot = l.lot and (c.at, c.mutation_id) > (l.at, l.mutation_id)
            and c.kind = 'count' and not exists (
              select from inventory_logs v where v.org_id = c.org_id and v.voids = c.mutation_id
                and v.item_id = c.item_id and v.location_id = c.location_id and v.lot = c.lot)
        ) then 'superseded'
        else 'applied'
      end as fate
    from inventory_logs l left join users u on u.org_id = l.org_id and u.id = l.user_id
    where l.org_id = ${orgId}
      ${itemId === undefined ? sql`` : sql`and l.item_id = ${itemId}`}
      ${locationId === undefined ? sql`` : sql`and l.location_id = ${locationId}`}
      ${kind === undefined ? sql`` : sql`and l.kind = ${kind}`}
      ${userId === undefined ? sql`` : sql`and l.user_id = ${userId}`}
      ${fromStamp === undefined ? sql`` : sql`and l.at >= ${fromStamp}`}
      ${toStamp === undefined ? sql`` : sql`and l.at < ${toStamp}`}
      ${after === undefined ? sql`` : sql`and (l.at, l.no) < (${after.at}, ${after.no})`}
    order by l.at desc, l.no desc limit ${limit}`
}
