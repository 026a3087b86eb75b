// Backs up and restores one organisation: every row of every table, as the owner of the database, past the product. Two
// backups of the same state are identical, character by character.
import type postgres from 'postgres'

export interface Backup {
  tables: { name: string; rows: string }[]
}

export async function backUp(sql: postgres.Sql, orgId: string): Promise<Backup> {
  const tables: Backup['tables'] = []
  for (const name of await tablesOf(sql)) {
    const [all] = await sql.unsafe<{ rows: string | null }[]>(
      `select json_agg(t order by t::text)::text as rows from ${name} t where org_id = $1`,
      [orgId],
    )
    tables.push({ name, rows: all!.rows ?? '[]' })
  }
  return { tables }
}

export async function restore(sql: postgres.Sql, orgId: string, { tables }: Backup): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica` // tables refer to each other
    for (const { name, rows } of tables) {
      await tx.unsafe(`delete from ${name} where org_id = $1`, [orgId])
      await tx.unsafe(`insert into ${name} select * from json_populate_recordset(null::${name}, $1::text::json)`, [
        rows,
      ])
    }
  })
}

async function tablesOf(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select c.table_name as name from information_schema.columns c
    join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.column_name = 'org_id' and t.table_type = 'BASE TABLE'
    order by c.table_name`
  return rows.map(({ name }) => name)
}
