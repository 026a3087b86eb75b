// PgBouncer in transaction mode between servers and PostgreSQL. Everything works through it, and organisations that
// take turns on one connection stay separate, whatever happens in between.
import 'fake-indexeddb/auto'
import pino from 'pino'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { AccessTokens } from '../../server/accounts/access-tokens.ts'
import { Accounts } from '../../server/accounts/accounts.ts'
import { Database } from '../../server/database/database.ts'
import { Jobs } from '../../server/jobs/jobs.ts'
import { prepareDatabase } from '../../server/commands/prepare-database.ts'
import { isSynced, startDevice, until } from '../device/support/connected-device.ts'
import { freePort } from '../support/free-port.ts'
import type { LedgerUnderTest } from '../support/ledger-under-test.ts'
import { makeOrganisation, PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { PgBouncer } from '../support/programs/pgbouncer.ts'
import { startPgBouncer } from '../support/programs/pgbouncer.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, listen, signIn } from '../support/test-server.ts'
import { findProgram } from '../../scripts/find-program.ts'
import { lacks } from '../ops/support/lacks.ts'

const silent = { info: () => undefined }
const program = findProgram('pgbouncer') ?? ''

describe.skipIf(lacks('pgbouncer'))('behind PgBouncer in transaction mode', () => {
  const parts = useLedger() as LedgerUnderTest & { domain: string }
  let other: LedgerUnderTest & { domain: string }
  let bouncer: PgBouncer
  const cleanups: (() => Promise<unknown>)[] = []

  beforeAll(async () => {
    const accounts = new Accounts({
      database: parts.database,
      ledger: parts.ledger,
      tokens: new AccessTokens('x'.repeat(40)),
    })
    other = { ...parts, ...(await makeOrganisation(accounts)) }
    await stockRoom(new TestDevice(parts, parts.manager))
    await stockRoom(new TestDevice(other, other.manager))
    // One connection for each login, so that all clients share it.
    bouncer = await startPgBouncer([parts.urls.url, parts.urls.ownerUrl], { program, poolSize: 1 })
  })
  afterEach(async () => {
    for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
  })
  afterAll(() => bouncer.stop())

  function open(url = parts.urls.url): Database {
    const database = new Database(bouncer.through(url))
    cleanups.push(() => database.end())
    return database
  }

  /** What a connection reveals about the client that used it before. */
  async function left(database: Database) {
    const [row] = await database.anonymous<Record<string, unknown>[]>`
      select coalesce(current_setting('app.org_id', true), '') as org, current_user = session_user as "isLogin",
        current_setting('transaction_read_only') as "readOnly", current_setting('transaction_isolation') as isolation,
        (select count(*)::int from items) + (select count(*)::int from organisations) as rows`
    return row
  }
  const NOTHING = { org: '', isLogin: true, readOnly: 'off', isolation: 'read committed', rows: 0 }

  const ask = (database: Database, orgId: string, how: 'transaction' | 'snapshot') => {
    const read = (sql: Parameters<Parameters<Database['snapshot']>[1]>[0]) =>
      sql<{ orgs: string[]; role: string; pid: number }[]>`
        select (select array_agg(distinct org_id::text) from items) as orgs, current_user as role, pg_backend_pid() as pid`
    return how === 'snapshot' ? database.snapshot(orgId, read) : database.transaction(orgId, ({ sql }) => read(sql))
  }

  test('[I1] organisations whose transactions share one connection see only their own rows', async () => {
    const clients = [open(), open(), open()]
    const pids = new Set<number>()
    const turns = Array.from({ length: 300 }, async (_, i) => {
      const { orgId } = i % 2 === 0 ? parts : other
      const [seen] = await ask(clients[i % clients.length]!, orgId, i % 3 === 0 ? 'snapshot' : 'transaction')
      expect(seen).toMatchObject({ orgs: [orgId], role: 'stockhand_app' })
      pids.add(seen!.pid)
      if (i % 10 === 0) expect(await left(clients[i % clients.length]!)).toEqual(NOTHING)
    })
    await Promise.all(turns)
    expect(pids.size).toBe(1)
  })

  test('[I1] a failed transaction or a client that died in one leaves no trace of its organisation on the connection', async () => {
    const database = open()
    const failing = database.transaction(parts.orgId, ({ sql }) => sql`select 1 / 0`)
    await expect(failing).rejects.toThrow('division by zero')
    expect(await left(database)).toEqual(NOTHING)
    const dying = database.transaction(parts.orgId, ({ sql }) => sql`select pg_terminate_backend(pg_backend_pid())`)
    await expect(dying).rejects.toThrow()
    expect(await left(database)).toEqual(NOTHING)
    // A process that is killed halfway: its connection closes with the transaction open.
    const killed = postgres(bouncer.through(parts.urls.url), { max: 1, onnotice: () => undefined })
    const reserved = await killed.reserve()
    await reserved`begin`
    await reserved`select set_config('role', 'stockhand_app', true), set_config('app.org_id', ${parts.orgId}, true)`
    await killed.end({ timeout: 0 })
    expect(await left(database)).toEqual(NOTHING)
    const [seen] = await ask(database, other.orgId, 'transaction')
    expect(seen).toMatchObject({ orgs: [other.orgId], role: 'stockhand_app' })
  })

  test('[I1] even a login that could see everything is bound in every transaction, and no server starts with it', async () => {
    const database = open(parts.urls.ownerUrl)
    const [seen] = await ask(database, other.orgId, 'transaction')
    expect(seen).toMatchObject({ orgs: [other.orgId], role: 'stockhand_app' })
    await expect(database.checkConnection()).rejects.toThrow(/row-level security does not restrict/)
    await expect(open().checkConnection()).resolves.toBeUndefined()
  })

  test('a server that does not know whether its pooler keeps prepared statements does not start', async () => {
    const unsaid = new URL(bouncer.through(parts.urls.url))
    unsaid.search = ''
    const database = new Database(unsaid.href)
    cleanups.push(() => database.end())
    await expect(database.checkConnection()).rejects.toThrow(/leads to a pooler: add \?prepare=false/)
    await expect(parts.database.checkConnection()).resolves.toBeUndefined() // a direct connection does not need the setting
  })

  test('[I1] devices of two organisations push, pull and listen through the pooler, jobs run, and it may crash', async () => {
    const prepared = { url: bouncer.through(parts.urls.url), ownerUrl: parts.urls.ownerUrl }
    await prepareDatabase(prepared, silent) // migrates as the owner, over a direct connection
    const server = await startServerProcess({
      databaseUrl: prepared.url,
      port: await freePort(),
      env: { DATABASE_OWNER_URL: prepared.ownerUrl, ROLES: 'api,worker' },
    })
    cleanups.push(server.kill)
    const ran = Promise.withResolvers<void>()
    const jobs = new Jobs({
      url: prepared.url,
      log: pino({ level: 'silent' }),
      tasks: [{ name: 'behind-a-pooler', cron: undefined, run: async () => ran.resolve() }],
    })
    await jobs.start()
    cleanups.push(() => jobs.stop())
    await jobs.now('behind-a-pooler')
    await ran.promise
    const shops = await Promise.all(
      [parts, other].map(async (shop) => {
        const room = await stockRoom(new TestDevice(shop, shop.manager))
        const token = await signIn(server.url, `manager@${shop.domain}`, PASSWORD)
        const who = { token, userId: shop.manager }
        const devices = [await startDevice(server.url, who), await startDevice(server.url, who)]
        for (const { stop } of devices) cleanups.push(stop)
        return { shop, room, token, devices }
      }),
    )
    const all = shops.flatMap(({ devices }) => devices)
    await until(() => all.every(isSynced), 'the first sync', all)
    const { body } = await call(server.url, 'sync.pull', { cursor: null }, { token: shops[1]!.token, get: true })
    const socket = listen(server.url, shops[1]!.token, { cursor: body.result.data.cursor })
    cleanups.push(socket.close)
    await socket.until(() => socket.messages.length > 0)
    const before = socket.messages.length
    const record = async (shop: (typeof shops)[number], times: number) => {
      const args = { itemId: shop.room.itemId, locationId: shop.room.binA, quantity: 1 }
      for (let i = 0; i < times; i++) {
        for (const { device } of shop.devices) expect((await device.record('stock.receive', args)).saved).toBe(true)
      }
    }
    const hold = (index: number, quantity: number) => () => {
      const { devices, room } = shops[index]!
      const sees = devices.every(({ device }) => device.queries.position(room.itemId, room.binA).quantity === quantity)
      return sees && devices.every(isSynced)
    }
    await record(shops[0]!, 5)
    await until(hold(0, 10_000), 'the first shop agrees', all)
    expect(socket.messages).toHaveLength(before) // the other shop does not receive messages about it
    await Promise.all(shops.map((shop) => record(shop, 5)))
    await bouncer.restart()
    await Promise.all(shops.map((shop) => record(shop, 5)))
    await until(() => hold(0, 30_000)() && hold(1, 20_000)(), 'both agree after the crash of the pooler', all)
    await socket.until(() => socket.messages.length > before)
    for (const { shop, token, devices } of shops) {
      const own = (await readRows(shop, 'items')).map(({ id }) => id as string).toSorted()
      const pulled = await call(server.url, 'sync.pull', { cursor: null }, { token, get: true })
      const { columns, rows } = pulled.body.result.data.tables.items as { columns: string[]; rows: string[][] }
      const pulledIds = rows.map((row) => row[columns.indexOf('id')]!).toSorted()
      expect(pulledIds).toEqual(own)
      expect(devices.map(({ device }) => device.queries.itemCount)).toEqual([own.length, own.length])
    }
  })
})
