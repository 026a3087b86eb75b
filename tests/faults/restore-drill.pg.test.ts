// The restore drill: a backup is made while people work, the server is lost, the backup is restored elsewhere, and
// every device reconnects. The rows of the backup are compared one by one, and every saved mutation of the devices is
// there once.
import 'fake-indexeddb/auto'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import pino from 'pino'
import postgres from 'postgres'
import S3rver from 's3rver'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { folder } from '../../server/backups/backup-storage.ts'
import { makeBackup } from '../../server/backups/make-backup.ts'
import { migrate } from '../../server/database/schema/migrate.ts'
import { Jobs } from '../../server/jobs/jobs.ts'
import { isSynced, startSyncedDevices, until } from '../device/support/connected-device.ts'
import { freePort } from '../support/free-port.ts'
import { makeOrganisation, PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { createEmptyTestDatabase } from '../support/postgres.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, signIn, startTestServer } from '../support/test-server.ts'

const parts = useLedger()
const ROOT = join(import.meta.dirname, '../..')
const cleanups: (() => Promise<unknown>)[] = []
let dir: string
let storage: ReturnType<typeof folder>
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockhand-backups-'))
  cleanups.push(async () => rmSync(dir, { recursive: true }))
  storage = folder(dir)
})
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

const backUp = (extra: { recipient?: string } = {}) =>
  makeBackup({ ownerUrl: parts.urls.ownerUrl, storage, recipient: extra.recipient, now: Date.now })

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createEmptyTestDatabase()
  cleanups.push(database.drop)
  return database
}

/** The real command, as an operator runs it. */
async function run(command: 'backup' | 'restore', args: string[], env: Record<string, string>) {
  const script = join(ROOT, `server/commands/${command}.ts`)
  const options = { env: { ...process.env, ...env }, cwd: ROOT }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], options)
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, text: stdout + stderr }
  }
}

function restore(file: string, { url, ownerUrl }: TestDatabase, args: string[] = []) {
  return run('restore', [file, ...args], { DATABASE_URL: url, DATABASE_OWNER_URL: ownerUrl })
}

/** All rows of a database as text, by table, except its own bookkeeping. */
async function contents({ ownerUrl }: TestDatabase): Promise<Map<string, string[]>> {
  const sql = postgres(ownerUrl, { max: 1 })
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace
      and relname not in ('schema_migrations', 'backups') order by relname`
  const found = new Map<string, string[]>()
  for (const { name } of tables) {
    const rows = await sql<{ row: string }[]>`select t::text as row from ${sql(name)} t`
    found.set(name, rows.map(({ row }) => row).toSorted())
  }
  await sql.end()
  return found
}

test('a restored backup has the same rows, except for the new epoch', { timeout: 60_000 }, async () => {
  const device = new TestDevice(parts, parts.manager)
  const room = await stockRoom(device, { notes: 'tab\there, a \\ and\na line', custom: { colour: 'grün ☕' } })
  await device.do('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity: 5, lot: 'L\\1' })
  await makeOrganisation(parts.accounts)
  const before = await contents(parts.urls)
  const { file, rowCount } = await backUp()
  const restored = await emptyDatabase()
  const { code, text } = await restore(join(dir, file), restored)
  expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining(`Restored ${rowCount} rows`) })
  expect(text.match(/everything fits/g)).toHaveLength(2)
  const after = await contents(restored)
  expect([...after.keys()]).toEqual([...before.keys()])
  const changed = ['org_heads', 'commits', 'audit_log']
  for (const [table, rows] of before) {
    if (!changed.includes(table)) expect([table, after.get(table)]).toEqual([table, rows])
  }
  for (const table of ['commits', 'audit_log']) {
    expect(after.get(table)).toEqual(expect.arrayContaining(before.get(table)!))
    expect(after.get(table)).toHaveLength(before.get(table)!.length + 2)
  }
})

test(
  '[D5] after a restore elsewhere with other secrets, every device reconnects with all its saved mutations',
  { timeout: 120_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const port = await freePort()
    const first = await startServerProcess({ databaseUrl: parts.urls.url, port })
    cleanups.push(first.kill)
    const { domain } = parts
    const who = { token: await signIn(first.url, `manager@${domain}`, PASSWORD), userId: parts.manager }
    const devices = await startSyncedDevices(first.url, 3, { who, cleanups })
    let pieces = 0
    const receive = async (times: number) => {
      for (let i = 0; i < times; i++) {
        for (const { device } of devices) {
          await device.record('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity: 1 })
          pieces += 1
        }
      }
    }
    await receive(4)
    const [{ file }] = await Promise.all([backUp(), receive(20)]) // while they work
    await receive(4)
    const holds = (quantity: number) => () =>
      devices.every((one) => isSynced(one) && one.device.queries.position(room.itemId, room.binA).quantity === quantity)
    await until(holds(pieces * 1000), 'agreement before the loss', devices)
    await first.kill()
    await receive(3) // pending, because no server answers
    const restored = await emptyDatabase()
    expect(await restore(file, restored, [])).toMatchObject({ code: 1 }) // not in the default folder
    expect(await restore(join(dir, file), restored)).toMatchObject({ code: 0 })
    const env = { JWT_SECRET: 'another-another-another-another-another' }
    const second = await startServerProcess({ databaseUrl: restored.url, port, env })
    cleanups.push(second.kill)
    who.token = await signIn(second.url, `manager@${domain}`, PASSWORD)
    await until(holds(pieces * 1000), 'agreement after the restore', devices)
    const sql = postgres(restored.ownerUrl, { max: 1 })
    const [found] = await sql`select count(*)::int as lines from inventory_logs where item_id = ${room.itemId}`
    await sql.end()
    expect(found?.['lines']).toBe(pieces)
  },
)

test(
  'a backup that is encrypted and stored in a bucket can only be restored with the key',
  { timeout: 60_000 },
  async () => {
    // Simulates S3, because a test cannot reach a real store. It checks signatures and stores objects.
    const store = new S3rver({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory: join(dir, 'store'),
      configureBuckets: [{ name: 'stock', configs: [] }],
    })
    const { port } = await store.run()
    cleanups.push(() => store.close())
    const identity = await generateX25519Identity()
    const keyFile = join(dir, 'key.txt')
    writeFileSync(keyFile, `# created: now\n${identity}\n`)
    await stockRoom(new TestDevice(parts, parts.manager))
    const env = {
      BACKUP_S3_ENDPOINT: `http://127.0.0.1:${port}/stock`,
      BACKUP_S3_ACCESS_KEY: 'S3RVER',
      BACKUP_S3_SECRET_KEY: 'S3RVER',
      BACKUP_S3_REGION: 'us-east-1',
      BACKUP_S3_PREFIX: 'shop/',
      BACKUP_AGE_RECIPIENT: await identityToRecipient(identity),
    }
    const made = await run('backup', [], {
      ...env,
      DATABASE_URL: parts.urls.url,
      DATABASE_OWNER_URL: parts.urls.ownerUrl,
    })
    expect(made).toMatchObject({
      code: 0,
      text: expect.stringMatching(/^stockhand-\S+\.backup\.zst\.age in http.*encrypted/),
    })
    const restored = await emptyDatabase()
    const target = { ...env, DATABASE_URL: restored.url, DATABASE_OWNER_URL: restored.ownerUrl }
    expect(await run('restore', ['latest'], target)).toMatchObject({
      code: 1,
      text: expect.stringContaining('encrypted: add --identity'),
    })
    const other = join(dir, 'other.txt')
    writeFileSync(other, await generateX25519Identity())
    expect(await run('restore', ['latest', '--identity', other], target)).toMatchObject({
      code: 1,
      text: expect.stringContaining('another key'),
    })
    expect(await run('restore', ['latest', '--identity', keyFile], target)).toMatchObject({
      code: 0,
      text: expect.stringContaining('everything fits'),
    })
    const wrong = await run('backup', [], { ...target, BACKUP_S3_ACCESS_KEY: 'nobody' })
    expect(wrong).toMatchObject({ code: 1, text: expect.stringContaining('403') })
  },
)

test('a backup that reads back differently is not left under a valid name', { timeout: 60_000 }, async () => {
  const garbling = { ...storage, get: async () => Readable.from([Buffer.from('something else')]) }
  const made = makeBackup({ ownerUrl: parts.urls.ownerUrl, storage: garbling, recipient: undefined, now: Date.now })
  await expect(made).rejects.toThrow('damaged')
  expect(await storage.list()).toEqual([])
})

test('a store that does not allow removal still gets a backup', { timeout: 60_000 }, async () => {
  writeFileSync(join(dir, 'stockhand-20200101T020000Z.backup.zst'), 'old')
  const locked = {
    ...storage,
    remove: async () => {
      throw new Error('AccessDenied')
    },
  }
  const made = await makeBackup({ ownerUrl: parts.urls.ownerUrl, storage: locked, recipient: undefined, now: Date.now })
  expect(made).toMatchObject({ removed: [], notRemoved: 'AccessDenied' })
  const sql = postgres(parts.urls.ownerUrl, { max: 1 })
  // A failed backup of the same second had the same name.
  expect(await sql`select from backups where file = ${made.file} and state = 'done'`).toHaveLength(1)
  await sql.end()
})

test('tables of any size are backed up completely', { timeout: 60_000 }, async () => {
  const device = new TestDevice(parts, parts.manager)
  for (let i = 0; i < 6; i++) {
    const notes = 'x'.repeat(2_000)
    const items = Array.from({ length: 30 + i }, () => ({ id: randomUUID(), name: 'Café', notes }))
    await device.push(...items.map((item) => device.mutation('item.create', item)))
    await backUp()
  }
})

test('a damaged backup is not restored, and an existing database stays unchanged', { timeout: 60_000 }, async () => {
  await stockRoom(new TestDevice(parts, parts.manager))
  const { file } = await backUp()
  const path = join(dir, file)
  const whole = readFileSync(path)
  const target = await emptyDatabase()
  writeFileSync(path, whole.subarray(0, whole.length - 20))
  expect(await restore(path, target)).toMatchObject({ code: 1, text: expect.stringContaining('damaged') })
  for (const part of [0.2, 0.4, 0.6, 0.8]) {
    const flipped = Buffer.from(whole)
    flipped[Math.floor(whole.length * part)]! ^= 0x10
    writeFileSync(path, flipped)
    expect(await restore(path, target)).toMatchObject({ code: 1, text: expect.stringContaining('damaged') })
  }
  writeFileSync(path, whole)
  expect(await restore(path, target)).toMatchObject({ code: 0 })
  const before = await contents(target)
  expect(await restore(path, target)).toMatchObject({
    code: 1,
    text: expect.stringContaining('contains organisations'),
  })
  expect(await contents(target)).toEqual(before)
})

test('a backup of an older version is restored and migrated', { timeout: 60_000 }, async () => {
  const old = await emptyDatabase()
  await migrate(old.ownerUrl, { appUrl: old.url, upTo: '0003_measures.sql', log: pino({ level: 'silent' }) })
  const sql = postgres(old.ownerUrl, { max: 1 })
  const orgId = '019aa000-0000-7000-8000-000000000001'
  await sql`insert into organisations (org_id, name) values (${orgId}, 'Old Shop')`
  await sql`insert into org_heads (org_id) values (${orgId})`
  await sql.unsafe(readFileSync(join(ROOT, 'sql/0004_backups.sql'), 'utf8')) // the current version makes the backup
  await sql.end()
  const { file } = await makeBackup({ ownerUrl: old.ownerUrl, storage, recipient: undefined, now: Date.now })
  const target = await emptyDatabase()
  const { code, text } = await restore(join(dir, file), target)
  expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining('Old Shop') })
  const newest = readdirSync(join(ROOT, 'sql')).filter((name) => name.endsWith('.sql'))
  const found = postgres(target.ownerUrl, { max: 1 })
  expect((await found`select name from schema_migrations order by name`).map(({ name }) => name)).toEqual(newest)
  await found.end()
})

test('only managers can request and list backups', { timeout: 60_000 }, async () => {
  const env = { ROLES: 'api,backup', BACKUP_DIR: dir, BACKUP_CRON: 'off', DATABASE_OWNER_URL: parts.urls.ownerUrl }
  await Jobs.prepare(parts.urls.ownerUrl)
  await backUp()
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  cleanups.push(() => owner.end())
  await owner`update backups set began_at = began_at - interval '1 hour'` // neither due nor recent
  const server = await startTestServer(parts.urls.url, { env: { ...env, DATABASE_URL: parts.urls.url } })
  cleanups.push(server.stop)
  const { domain } = parts
  const staff = await signIn(server.url, `staff@${domain}`, PASSWORD)
  for (const path of ['backups.ask', 'backups.list']) {
    const { body } = await call(server.url, path, undefined, { token: staff, get: path === 'backups.list' })
    expect([path, body.error.data.refusal]).toEqual([path, 'role_too_low'])
  }
  const token = await signIn(server.url, `manager@${domain}`, PASSWORD)
  const list = async () => (await call(server.url, 'backups.list', undefined, { token, get: true })).body.result.data
  const before = readdirSync(dir).length
  // However often they ask, because each backup is a dump of everything.
  const asks = Array.from({ length: 12 }, () => call(server.url, 'backups.ask', undefined, { token }))
  for (const { status } of await Promise.all(asks)) expect(status).toBe(200)
  const end = Date.now() + 20_000
  let files: string[] = []
  while (files.length <= before && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 200))
    files = readdirSync(dir).filter((name) => name.endsWith('.zst'))
  }
  await expect
    .poll(list, { timeout: 10_000 })
    .toContainEqual(expect.objectContaining({ file: files.toSorted().at(-1), state: 'done' }))
  expect((await call(server.url, 'backups.ask', undefined, { token })).body.result.data).toEqual({ asked: false })
  await expect.poll(async () => (await list()).some(({ state }: { state: string }) => state === 'running')).toBe(false)
  expect(readdirSync(dir).length - before).toBeLessThanOrEqual(2)
})
