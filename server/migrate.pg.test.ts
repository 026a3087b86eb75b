// npm run migrate as a deployment uses it: the owner prepares the database, servers without rights of an owner wait.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createEmptyTestDatabase, type TestDatabase } from '../tests/support/postgres.ts'
import { Database } from './database/database.ts'
import { awaitMigrations } from './database/migrate.ts'
import { Jobs } from './jobs/jobs.ts'

const log = pino({ level: 'silent' })
let database: TestDatabase

beforeEach(async () => {
  database = await createEmptyTestDatabase()
})
afterEach(() => database.drop())

async function migrate(env: NodeJS.ProcessEnv): Promise<{ code: unknown; errors: string; words: string }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'migrate.ts')], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const [code] = (await once(child, 'close')) as unknown[]
  return { code, errors, words }
}

const urls = () => ({ DATABASE_URL: database.url, DATABASE_OWNER_URL: database.ownerUrl })

test('prepares an empty database once, and says so each time', async () => {
  const first = await migrate(urls())
  expect(first).toMatchObject({ code: 0, errors: '' })
  expect(first.words).toContain('0001_ledger_and_catalogue.sql')
  expect(await migrate(urls())).toMatchObject({ code: 0, words: expect.stringContaining('"applied":[]') })
  const jobs = new Jobs({ url: database.url, log, tasks: [] })
  await jobs.start() // as the application's own user, who owns nothing
  await jobs.stop()
})

test('a server that does not migrate waits for whoever does', async () => {
  const waiting = awaitMigrations(database.url, { log, patienceMs: 20_000 })
  expect((await migrate(urls())).code).toBe(0)
  await waiting
  const application = new Database(database.url)
  await application.ready()
  await application.end()
})

test('it waits no longer than a minute, and says in one line what to do', async () => {
  await expect(awaitMigrations(database.url, { log, patienceMs: 0 })).rejects.toThrow(
    /^the database lacks 0001_ledger_and_catalogue\.sql, .*: run npm run migrate, or leave MIGRATE_ON_START out$/,
  )
})

test.each([
  [{}, 'migrate: DATABASE_URL is not set: the embedded PostgreSQL is migrated by npm start\n'],
  [
    { DATABASE_URL: 'postgres://me:hunter2@127.0.0.1:1/stock' },
    'migrate: the database at 127.0.0.1:1 cannot be reached (connect ECONNREFUSED 127.0.0.1:1): ' +
      'is it running, and is DATABASE_URL right?\n',
  ],
])('tells in one line what is wrong: %o', async (env, errors) => {
  expect(await migrate(env)).toMatchObject({ code: 1, errors })
})
