// Stored rows that say what else a group of batches reads.
import type { Row } from '#shared/rows/rows.ts'
import type { Sql } from '../../database/database.ts'
import { selectList } from '../../database/schema/tables.ts'

/** The conflicts that a group resolves. */
export async function loadConflicts(sql: Sql, orgId: string, ids: string[]): Promise<Row<'conflicts'>[]> {
  return sql.unsafe<Row<'conflicts'>[]>(
    `select ${selectList('conflicts')} from conflicts where org_id = $1 and id = any($2::uuid[])`,
    [orgId, ids],
    { prepare: true },
  )
}

/** The lines of the planned counts that a group approves or closes. */
export async function loadLines(sql: Sql, orgId: string, countIds: string[]): Promise<Row<'countLines'>[]> {
  return sql.unsafe<Row<'countLines'>[]>(
    `select ${selectList('countLines')} from count_lines where org_id = $1 and count_id = any($2::uuid[])`,
    [orgId, countIds],
    { prepare: true },
  )
}

/** The first mutations that are blocked by any of `missing`: ids of rows and mutations, codes of barcodes. */
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
