// PostgreSQL ends connections when it restarts, fails over or is asked to. A server must survive that at any point.
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Sql } from '../../../server/database/database.ts'
import { Database } from '../../../server/database/database.ts'
import { freePort } from '../../support/free-port.ts'
import { stockRoom, TestDevice, useLedger } from '../../support/ledger-under-test.ts'
import { TcpProxy } from '../../support/network/tcp-proxy.ts'

const parts = useLedger()
let owner: postgres.Sql
beforeAll(() => {
  owner = postgres(parts.urls.ownerUrl, { max: 1 })
})
afterAll(() => owner.end())

async function end(sql: Sql): Promise<void> {
  const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
  await owner`select pg_terminate_backend(${pid})`
  while ((await owner`select from pg_stat_activity where pid = ${pid}`).length > 0);
}

test('a connection that ends between two statements of a transaction fails it, and the next transaction works', async () => {
  const database = new Database(parts.urls.url, { poolMax: 1 })
  for (let i = 0; i < 3; i++) {
    const work = database.transaction(parts.orgId, async ({ sql }) => {
      await end(sql)
      await new Promise((resolve) => setTimeout(resolve, 20)) // its socket is closed by now
      return sql`select 1`
    })
    await expect(work).rejects.toThrow('CONNECTION_CLOSED')
    expect(await database.snapshot(parts.orgId, async (sql) => [...(await sql`select 1 as one`)])).toEqual([{ one: 1 }])
  }
  await database.end()
})

test('queued statements are answered if their connection ends', async () => {
  const database = new Database(parts.urls.url, { poolMax: 1 })
  const work = database.transaction(parts.orgId, async ({ sql }) => {
    const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
    const slow = sql`select pg_sleep(60), ${'not prepared yet'}::text`
    const queries = [slow, sql`select ${1}::int`, sql`select ${2}::int, ${3}::int`].map((query) => query.execute())
    setTimeout(() => void owner`select pg_terminate_backend(${pid})`.execute(), 50)
    return Promise.all(queries)
  })
  await expect(work).rejects.toThrow()
  expect(await database.snapshot(parts.orgId, async (sql) => [...(await sql`select 1 as one`)])).toEqual([{ one: 1 }])
  await database.end()
})

test('a database that was unreachable answers as soon as it is back, however many callers were waiting', async () => {
  const port = Number(new URL(parts.urls.url).port)
  const proxy = await TcpProxy.open(port)
  const url = new URL(parts.urls.url)
  url.port = String(proxy.port)
  const database = new Database(url.href, { poolMax: 2 })
  const ask = () => database.snapshot(parts.orgId, async (sql) => [...(await sql`select 1 as one`)])
  for (let round = 0; round < 3; round++) {
    const four = () => Promise.allSettled(Array.from({ length: 4 }, ask))
    const before = four()
    proxy.retarget(await freePort())
    const during = four()
    await new Promise((resolve) => setTimeout(resolve, 300))
    proxy.retarget(port)
    await Promise.all([before, during])
  }
  expect(await ask()).toEqual([{ one: 1 }])
  await database.end()
  await proxy.close()
})

test('[P1] a push whose connection ends halfway is committed once, on another connection', async () => {
  const device = new TestDevice(parts, parts.manager)
  const { itemId, binA } = await stockRoom(device)
  let ends = 2
  const { transaction } = parts.database
  parts.database.transaction = (orgId, work) =>
    transaction.call(parts.database, orgId, async (tx) => {
      const result = await work(tx)
      if (ends-- > 0) await end(tx.sql)
      return result
    }) as ReturnType<typeof work>
  const { status } = await device.do('stock.receive', { itemId, locationId: binA, quantity: 2 })
  parts.database.transaction = transaction
  expect([status, ends]).toEqual(['applied', -1])
})
