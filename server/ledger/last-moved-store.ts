// When rows that are archived were last moved, if that is after their archiving: then it is asked whether to restore them.
// Keeps S3.
import type { Moved } from '#shared/book/book.ts'
import type { Sql } from '../database/database.ts'
import type { LoadedShelf } from './loaded-shelf.ts'
import type { ReadSet } from './read-set.ts'

const COLUMNS: Record<Moved, string> = { items: 'item_id', locations: 'location_id' }

export async function loadLastMoved(
  sql: Sql,
  orgId: string,
  { wants, shelf }: { wants: ReadSet; shelf: LoadedShelf },
): Promise<void> {
  for (const kind of ['items', 'locations'] as const) {
    const since = wants.moved[kind]
    if (since.size === 0) continue
    const rows = await sql.unsafe<{ id: string; at: string }[]>(
      `select l.${COLUMNS[kind]} as id, max(l.at) as at
       from unnest($2::uuid[], $3::text[]) as wanted (i, f)
       join inventory_logs l on l.org_id = $1 and l.${COLUMNS[kind]} = wanted.i and l.at > wanted.f
       where l.kind <> 'void' and not exists (
         select from inventory_logs v where v.org_id = l.org_id and v.voids = l.mutation_id
           and v.item_id = l.item_id and v.location_id = l.location_id and v.lot = l.lot)
       group by 1`,
      [orgId, [...since.keys()], [...since.values()]],
      { prepare: true },
    )
    for (const { id, at } of rows) shelf.addMoved(kind, id, at)
  }
}
