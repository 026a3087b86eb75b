import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import postgres, { type Sql } from 'postgres'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createEmptyTestDatabase, type TestDatabase } from '../../../tests/support/postgres.ts'
import { migrate } from './migrate.ts'

const log = pino({ level: 'silent' })

/** How a migration must create a role. Roles belong to the cluster, and another database may have created it already. */
const CREATE_ROLE = `
  do $$ begin
    create role stockhand_app nologin;
  exception when duplicate_object or unique_violation then null;
  end $$;`

describe('migrate', () => {
  let database: TestDatabase
  let folder: string
  let sql: Sql

  beforeEach(async () => {
    database = await createEmptyTestDatabase()
    folder = mkdtempSync(join(tmpdir(), 'stockhand-migrations-'))
    sql = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined })
  })

  afterEach(async () => {
    await sql.end()
    await database.drop()
    rmSync(folder, { recursive: true })
  })

  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  const run = () => migrate(database.ownerUrl, { folder, log })

  it('applies the files in order, each once, and returns their names', async () => {
    write('0002_fill.sql', "insert into items values ('b');")
    write('0001_items.sql', "create table items (name text); insert into items values ('a');")
    expect(await run()).toEqual(['0001_items.sql', '0002_fill.sql'])
    write('0003_more.sql', "insert into items values ('c');")
    expect(await run()).toEqual(['0003_more.sql'])
    expect(await run()).toEqual([])
    expect((await sql`select name from items order by name`).map((row) => row['name'])).toEqual(['a', 'b', 'c'])
    const rows = await sql`select name, checksum, applied_at from schema_migrations order by name`
    expect(rows.map((row) => row['name'])).toEqual(['0001_items.sql', '0002_fill.sql', '0003_more.sql'])
    expect(rows[0]).toMatchObject({ checksum: expect.stringMatching(/^[0-9a-f]{64}$/), applied_at: expect.any(Date) })
  })

  it('undoes a failed file completely, keeps those before it, and continues there the next time', async () => {
    write('0001_items.sql', 'create table items (name text);')
    write('0002_broken.sql', 'create table box (name text); select 1/0;')
    await expect(run()).rejects.toThrow('the migration 0002_broken.sql failed and was undone: division by zero')
    expect(await sql`select to_regclass('items') as items, to_regclass('box') as box`).toEqual([
      { items: 'items', box: null },
    ])
    write('0002_broken.sql', 'create table box (name text);')
    expect(await run()).toEqual(['0002_broken.sql'])
  })

  it('stops at an applied file that was changed, before it changes anything', async () => {
    write('0001_items.sql', 'create table items (name text);')
    await run()
    write('0001_items.sql', 'create table items (name text, depth int);')
    write('0002_box.sql', 'create table box (name text);')
    await expect(run()).rejects.toThrow(/^the migration 0001_items\.sql was changed after it was applied: undo/)
    expect(await sql`select to_regclass('box') as box`).toEqual([{ box: null }])
  })

  it('stops at a database that is newer than its files', async () => {
    write('0001_items.sql', 'create table items (name text);')
    write('0002_box.sql', 'create table box (name text);')
    await run()
    rmSync(join(folder, '0002_box.sql'))
    await expect(run()).rejects.toThrow(
      /^the database has the migration 0002_box\.sql, which this version does not have/,
    )
  })

  it.each([
    ['0002_gap.sql', /must be number 1: migrations are numbered without gaps/],
    ['1_short.sql', /must be named like 0001_what_it_does\.sql/],
  ])('refuses a file named %s', async (name, message) => {
    write(name, 'select 1;')
    await expect(run()).rejects.toThrow(message)
  })

  it('runs in one of several processes while the others wait', async () => {
    write('0001_slow.sql', 'select pg_sleep(0.2); create table items (name text);')
    const applied = await Promise.all([run(), run(), run()])
    expect(applied.flat()).toEqual(['0001_slow.sql'])
  })

  it('gives the application’s login only the role', async () => {
    write(
      '0001_role.sql',
      `${CREATE_ROLE} create table items (name text); create table safe (name text); grant select on items to stockhand_app;`,
    )
    await migrate(database.ownerUrl, { folder, log, appUrl: database.url })
    const app = postgres(database.url, { max: 1 })
    try {
      expect(await app`select name from items`).toEqual([])
      await expect(app`select name from safe`).rejects.toThrow('permission denied for table safe')
      await expect(app`insert into items values ('a')`).rejects.toThrow('permission denied for table items')
    } finally {
      await app.end()
    }
  })

  it('creates the role from several databases of one cluster at once', async () => {
    const another = await createEmptyTestDatabase()
    try {
      write('0001_role.sql', `${CREATE_ROLE} create table items (name text); grant select on items to stockhand_app;`)
      const urls = [database.ownerUrl, another.ownerUrl]
      const applied = await Promise.all(urls.map((url) => migrate(url, { folder, log, appUrl: database.url })))
      expect(applied).toEqual([['0001_role.sql'], ['0001_role.sql']])
    } finally {
      await another.drop()
    }
  })

  it('names an unreachable database by host and port, never by its password', async () => {
    const failure = migrate('postgres://me:hunter2@127.0.0.1:1/stock', { folder, log })
    await expect(failure).rejects.toThrow(/^the database at 127\.0\.0\.1:1 cannot be reached \(.*ECONNREFUSED.*\)/)
    await expect(failure).rejects.not.toThrow(/hunter2/)
  })
})
