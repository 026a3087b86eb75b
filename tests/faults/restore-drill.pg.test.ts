// The restore drill: a backup is made while people work, the server is lost, the backup is restored elsewhere, and every
// device comes back. What the backup holds is compared row by row; what the devices saved is there once.
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
import { isSettled, sendOutSynced, until } from '../device/field-device.ts'
import { freePort } from '../support/free-port.ts'
import { makeOrganisation, PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { createEmptyTestDatabase } from '../support/postgres.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, signIn, startTestServer } from '../support/test-server.ts'

const parts = useLedger()
const ROOT = join(import.meta.dirname, '../..')
const ends: (() => Promise<unknown>)[] = []
let dir: string
let storage: ReturnType<typeof folder>
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'stockhand-backups-'))
  ends.push(async () => rmSync(dir, { recursive: true }))
  storage = folder(dir)
})
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const backUp = (extra: { recipient?: string } = {}) =>
  makeBackup({ ownerUrl: parts.urls.ownerUrl, storage, recipient: extra.recipient, now: Date.now })

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createEmptyTestDatabase()
  ends.push(database.drop)
  return database
}

/** The real command, as whoever restores runs it. */
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

/** Everything in a database but what it says of itself: one text a row, by table. */
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

test('a backup, restored, is the same row by row, but for the new epoch', { timeout: 60_000 }, async () => {
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
  '[D5] the server is lost: restored elsewhere, with other secrets, every device comes back with all it saved',
  { timeout: 120_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const port = await freePort()
    const first = await startServerProcess({ databaseUrl: parts.urls.url, port })
    ends.push(first.kill)
    const { domain } = parts
    const who = { token: await signIn(first.url, `manager@${domain}`, PASSWORD), userId: parts.manager }
    const devices = await sendOutSynced(first.url, 3, { who, ends })
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
      devices.every(
        (one) => isSettled(one) && one.device.queries.position(room.itemId, room.binA).quantity === quantity,
      )
    await until(holds(pieces * 1000), 'agreement before the loss', devices)
    await first.kill()
    await receive(3) // nobody answers: these wait
    const restored = await emptyDatabase()
    expect(await restore(file, restored, [])).toMatchObject({ code: 1 }) // not in the default folder
    expect(await restore(join(dir, file), restored)).toMatchObject({ code: 0 })
    const env = { JWT_SECRET: 'another-another-another-another-another' }
    const second = await startServerProcess({ databaseUrl: restored.url, port, env })
    ends.push(second.kill)
    who.token = await signIn(second.url, `manager@${domain}`, PASSWORD)
    await until(holds(pieces * 1000), 'agreement after the restore', devices)
    const sql = postgres(restored.ownerUrl, { max: 1 })
    const [found] = await sql`select count(*)::int as lines from inventory_logs where item_id = ${room.itemId}`
    await sql.end()
    expect(found?.['lines']).toBe(pieces)
  },
)

test(
  'encrypted for a key, and kept in a bucket: only who has the key can restore it',
  { timeout: 60_000 },
  async () => {
    // A stand-in for S3: it checks signatures and keeps objects; no real store can be reached from a test.
    const store = new S3rver({
      port: 0,
      address: '127.0.0.1',
      silent: true,
      directory: join(dir, 'store'),
      configureBuckets: [{ name: 'stock', configs: [] }],
    })
    const { port } = await store.run()
    ends.push(() => store.close())
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

test('what is not there as it was written leaves nothing under a good name', { timeout: 60_000 }, async () => {
  const garbling = { ...storage, get: async () => Readable.from([Buffer.from('something else')]) }
  const made = makeBackup({ ownerUrl: parts.urls.ownerUrl, storage: garbling, recipient: undefined, now: Date.now })
  await expect(made).rejects.toThrow('damaged')
  expect(await storage.list()).toEqual([])
})

test('a store that lets nobody remove anything has a backup all the same', { timeout: 60_000 }, async () => {
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
  // What failed within the same second bore the same name.
  expect(await sql`select from backups where file = ${made.file} and state = 'done'`).toHaveLength(1)
  await sql.end()
})

test('tables of any size are read to their end', { timeout: 60_000 }, async () => {
  const device = new TestDevice(parts, parts.manager)
  for (let i = 0; i < 6; i++) {
    const notes = 'x'.repeat(2_000)
    const items = Array.from({ length: 30 + i }, () => ({ id: randomUUID(), name: 'Café', notes }))
    await device.push(...items.map((item) => device.mutation('item.create', item)))
    await backUp()
  }
})

test('a damaged backup restores nothing, and what is there already is not touched', { timeout: 60_000 }, async () => {
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

test('a backup of an older version is restored, and brought up to date', { timeout: 60_000 }, async () => {
  const old = await emptyDatabase()
  await migrate(old.ownerUrl, { appUrl: old.url, upTo: '0003_measures.sql', log: pino({ level: 'silent' }) })
  const sql = postgres(old.ownerUrl, { max: 1 })
  const orgId = '019aa000-0000-7000-8000-000000000001'
  await sql`insert into organisations (org_id, name) values (${orgId}, 'Old Shop')`
  await sql`insert into org_heads (org_id) values (${orgId})`
  await sql.unsafe(readFileSync(join(ROOT, 'sql/0004_backups.sql'), 'utf8')) // whoever makes a backup is of today
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

test('managers ask for one, and see which there are; nobody else does', { timeout: 60_000 }, async () => {
  const env = { ROLES: 'api,backup', BACKUP_DIR: dir, BACKUP_CRON: 'off', DATABASE_OWNER_URL: parts.urls.ownerUrl }
  await Jobs.prepare(parts.urls.ownerUrl)
  await backUp()
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  ends.push(() => owner.end())
  await owner`update backups set began_at = began_at - interval '1 hour'` // not due, and not of minutes ago either
  const server = await startTestServer(parts.urls.url, { env: { ...env, DATABASE_URL: parts.urls.url } })
  ends.push(server.stop)
  const { domain } = parts
  const staff = await signIn(server.url, `staff@${domain}`, PASSWORD)
  for (const path of ['backups.ask', 'backups.list']) {
    const { body } = await call(server.url, path, undefined, { token: staff, get: path === 'backups.list' })
    expect([path, body.error.data.refusal]).toEqual([path, 'role_too_low'])
  }
  const token = await signIn(server.url, `manager@${domain}`, PASSWORD)
  const list = async () => (await call(server.url, 'backups.list', undefined, { token, get: true })).body.result.data
  const before = readdirSync(dir).length
  // However often they ask: each is a dump of everything.
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
