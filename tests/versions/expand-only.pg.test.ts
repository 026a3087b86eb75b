// Migrations must not break the previous version: they must keep everything that its statements use, whatever the
// linter of the gate says. This covers columns with their types, views, functions, grants, and what an insert may omit.
import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { migrate } from '../../server/database/schema/migrate.ts'
import { createEmptyTestDatabase, type TestDatabase } from '../support/postgres.ts'

const SQL = resolve(import.meta.dirname, '../../sql')
const log = { info: () => undefined }
/** Lines that a migration removed on purpose, after the last version that used them could no longer run. */
const CONTRACTED: readonly string[] = []

let database: TestDatabase
beforeEach(async () => {
  database = await createEmptyTestDatabase()
})
afterEach(() => database.drop())

/** What statements may rely on, one line each. */
async function shape(sql: postgres.Sql): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    with relations as (
      select c.oid, c.relname, c.relkind from pg_class c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
    ), columns as (
      select r.oid, r.relname, r.relkind, a.attname, format_type(a.atttypid, a.atttypmod) as type,
        not a.attnotnull or a.atthasdef or a.attidentity <> '' as optional
      from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    ), functions as (
      select p.oid, format('%s(%s) returns %s', p.proname, pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid)) as line
      from pg_proc p where p.pronamespace = 'public'::regnamespace
    )
    select format('%s.%s is %s', relname, attname, type) as line from columns
    union all select format('%s.%s may be left out', relname, attname) from columns where relkind = 'r' and optional
    union all select format('%s.%s must be given', relname, attname) from columns where relkind = 'r' and not optional
    union all select line from functions
    union all select format('%s may be called', line) from functions where has_function_privilege('stockhand_app', oid, 'execute')
    union all select format('%s: %s', relname, verb)
    from relations, unnest(array['select', 'insert', 'update', 'delete']) as verb
    where has_table_privilege('stockhand_app', oid, verb)`
  return rows.map(({ line }) => line)
}

/** The lines that a step removed or newly requires. */
function lost(before: readonly string[], after: readonly string[]): string[] {
  const isRequired = (line: string) => line.endsWith(' must be given')
  const removed = before.filter((line) => !isRequired(line) && !after.includes(line))
  const tables = new Set(before.map((line) => line.split(/[.:]/)[0]))
  const demanded = after.filter((line) => isRequired(line) && !before.includes(line) && tables.has(line.split('.')[0]))
  return [...removed, ...demanded].filter((line) => !CONTRACTED.includes(line))
}

/** The lines that each migration removed. */
async function lostByStep(folder: string): Promise<Record<string, string[]>> {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
  const sql = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined })
  const result: Record<string, string[]> = {}
  let before: string[] = []
  for (const name of names) {
    await migrate(database.ownerUrl, { folder, upTo: name, log })
    const after = await shape(sql)
    result[name] = lost(before, after)
    before = after
  }
  await sql.end()
  expect(before.length).toBeGreaterThan(300)
  return result
}

test('no migration removes anything that the previous version uses', async () => {
  const steps = await lostByStep(SQL)
  expect(Object.entries(steps).filter(([, lines]) => lines.length > 0)).toEqual([])
})

test('a migration that removes something is found, whichever way it does so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stockhand-sql-'))
  cpSync(SQL, folder, { recursive: true })
  const number = String(readdirSync(SQL).filter((name) => name.endsWith('.sql')).length + 1).padStart(4, '0')
  const planted = `${number}_planted.sql`
  writeFileSync(
    join(folder, planted),
    `drop view mutation_lines;
     drop function measure_items();
     revoke execute on function measure_alerts() from stockhand_app;
     revoke update on items from stockhand_app;
     alter table settings rename to preferences;
     alter table items rename column notes to remarks;
     alter table lots drop column expires_on;
     alter table levels alter column low type numeric;
     alter table org_heads alter column waiting drop default;
     alter table devices add column model text not null;
     alter table alerts alter column lot set not null;`,
  )
  const { [planted]: lines = [] } = await lostByStep(folder)
  rmSync(folder, { recursive: true })
  expect(lines).toEqual(
    expect.arrayContaining([
      'mutation_lines.void is boolean',
      'measure_items() returns TABLE(items bigint, below_level bigint)',
      'measure_alerts() returns TABLE(kind text, alerts bigint) may be called',
      'items: update',
      'settings.value is jsonb',
      'items.notes is text',
      'lots.expires_on is date',
      'levels.low is bigint',
      'org_heads.waiting may be left out',
      'devices.model must be given',
      'alerts.lot may be left out',
    ]),
  )
})
