// npm run migrate as a deployment uses it: the owner prepares the database, and servers without owner rights wait.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import postgres from 'postgres'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEmptyTestDatabase, type TestDatabase } from '../../tests/support/postgres.ts'
import { startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import { Database } from '../database/database.ts'
import { awaitMigrations } from '../database/schema/migrate.ts'
import { Jobs } from '../jobs/jobs.ts'
import { prepareDatabase } from './prepare-database.ts'

const log = pino({ level: 'silent' })
let database: TestDatabase

beforeEach(async () => {
  database = await createEmptyTestDatabase()
})
afterEach(() => database.drop())

async function migrate(env: NodeJS.ProcessEnv): Promise<{ code: unknown; errors: string; output: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'migrate.ts')], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as unknown[]
  return { code, errors, output }
}

const urls = () => ({ DATABASE_URL: database.url, DATABASE_OWNER_URL: database.ownerUrl })

test('prepares an empty database once, and reports that it is ready each time', async () => {
  const first = await migrate(urls())
  expect(first).toMatchObject({ code: 0, errors: '' })
  expect(first.output).toContain('0001_ledger_and_catalogue.sql')
  expect(await migrate(urls())).toMatchObject({ code: 0, output: expect.stringContaining('"applied":[]') })
  const jobs = new Jobs({ url: database.url, log, tasks: [] })
  await jobs.start() // as the application's own user, who does not own anything
  await jobs.stop()
})

test('the database is ready for all servers that start at once', async () => {
  const prepare = () => prepareDatabase({ url: database.url, ownerUrl: database.ownerUrl }, log)
  for (let turn = 0; turn < 3; turn++) {
    const applied = await Promise.all(Array.from({ length: 6 }, prepare))
    expect(applied.filter(({ length }) => length > 0)).toHaveLength(turn === 0 ? 1 : 0)
  }
})

test('a server that does not migrate waits for the migration', async () => {
  const migrated = awaitMigrations(database.url, { log, timeoutMs: 20_000 })
  expect((await migrate(urls())).code).toBe(0)
  await migrated
  const application = new Database(database.url)
  await application.ready()
  await application.end()
})

test('after a minute it stops waiting, and says in one line what to do', async () => {
  await expect(awaitMigrations(database.url, { log, timeoutMs: 0 })).rejects.toThrow(
    /^the database lacks 0001_ledger_and_catalogue\.sql, .*: run npm run migrate, or leave MIGRATE_ON_START out$/,
  )
})

test('an owner who is not a superuser is enough, as with a managed PostgreSQL', { timeout: 60_000 }, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-owner-'))
  const embedded = await startEmbeddedPostgres({ dataDir, log, durable: false })
  const superuser = postgres(embedded.ownerUrl, { max: 1, onnotice: () => undefined })
  await superuser.unsafe("create role plain_owner login createrole password 'owner-password'")
  await superuser.unsafe('create database plain owner plain_owner')
  await superuser.end()
  const urlOf = (user: string, password: string) =>
    Object.assign(new URL(embedded.ownerUrl), { username: user, password, pathname: '/plain' }).href
  const owned = {
    DATABASE_URL: urlOf('plain_app', 'app-password'),
    DATABASE_OWNER_URL: urlOf('plain_owner', 'owner-password'),
  }
  expect(await migrate(owned)).toMatchObject({ code: 0, errors: '' })
  const application = new Database(owned.DATABASE_URL)
  const items = await application.anonymous`select items from measure_items()` // past row-level security, by its owner
  await application.end()
  await embedded.stop()
  rmSync(dataDir, { recursive: true, force: true })
  expect([...items]).toEqual([{ items: 0 }])
})

test.each([
  [{}, 'migrate: DATABASE_URL is not set: the embedded PostgreSQL is migrated by npm start\n'],
  [
    { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/stock' },
    'migrate: the database at 127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1): ' +
      'is it running, and is DATABASE_URL right?\n',
  ],
])('reports the problem in one line: %o', async (env, errors) => {
  expect(await migrate(env)).toMatchObject({ code: 1, errors })
})
