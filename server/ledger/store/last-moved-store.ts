// Loads when archived rows were last moved or counted, if that was after their archiving. Then a review asks whether to
// restore them. Keeps S3.
import type { MovedKind } from '#shared/working-set/working-set.ts'
import type { Sql } from '../../database/database.ts'
import type { PreloadedRows } from '../commit/preloaded-rows.ts'
import type { ReadSet } from '../commit/read-set.ts'

const COLUMNS: Record<MovedKind, string> = { items: 'item_id', locations: 'location_id' }

export async function loadLastMoved(
  sql: Sql,
  orgId: string,
  { plan, rows: preloaded }: { plan: ReadSet; rows: PreloadedRows },
): Promise<void> {
  for (const kind of ['items', 'locations'] as const) {
    const since = plan.moved[kind]
    if (since.size === 0) continue
    // Lines of planned counts are not in the ledger before their approval. Only open and amended counts have such lines.
    const rows = await sql.unsafe<{ id: string; at: string }[]>(
      `with wanted as (select * from unnest($2::uuid[], $3::text[]) as wanted (i, f))
       select l.${COLUMNS[kind]} as id, max(l.at) as at
       from wanted join inventory_logs l on l.org_id = $1 and l.${COLUMNS[kind]} = i and l.at > f
       where l.kind <> 'void' and not exists (
         select from inventory_logs v where v.org_id = l.org_id and v.voids = l.mutation_id
           and v.item_id = l.item_id and v.location_id = l.location_id and v.lot = l.lot)
       group by 1
       union all
       select l.${COLUMNS[kind]}, max(l.at)
       from counts c join count_lines l on l.org_id = c.org_id and l.count_id = c.id and l.state = 'waiting'
       join wanted on l.${COLUMNS[kind]} = i and l.at > f
       where c.org_id = $1 and c.state in ('open', 'amended')
       group by 1`,
      [orgId, [...since.keys()], [...since.values()]],
      { prepare: true },
    )
    for (const { id, at } of rows) preloaded.addMoved(kind, id, at)
  }
}
