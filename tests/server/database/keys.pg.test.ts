// docs/scale.md relies on this: organisations can be spread over servers because every table, key and index starts with
// the organisation. The exceptions are named here.
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { useLedger } from '../../support/ledger-under-test.ts'

const parts = useLedger()

test('[I1] every table, key and index starts with the organisation, except those of the whole installation', async () => {
  const sql = postgres(parts.urls.ownerUrl, { max: 1 })
  const rows = await sql<{ name: string; led: boolean }[]>`
    select i.indexrelid::regclass::text as name, coalesce(a.attname = 'org_id', false) as led
    from pg_index i
    join pg_class c on c.oid = i.indrelid and c.relnamespace = 'public'::regnamespace
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]`
  const without = await sql<{ name: string }[]>`
    select c.relname as name from pg_class c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
      and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)`
  await sql.end()
  expect(rows.length).toBeGreaterThan(40)
  expect(without).toEqual([])
  expect(
    rows
      .filter(({ led }) => !led)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([
    'backups_by_time',
    'backups_pkey',
    'schema_migrations_pkey',
    'users_email', // a person signs in without naming an organisation
  ])
})
