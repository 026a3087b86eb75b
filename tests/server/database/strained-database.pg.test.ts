// PostgreSQL answers "not now": a deadlock with another transaction, or no connection left. Neither loses or doubles a
// mutation.
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  makeOrganisation,
  PASSWORD,
  readRows,
  stockRoom,
  TestDevice,
  useLedger,
} from '../../support/ledger-under-test.ts'
import type { TestServer } from '../../support/test-server.ts'
import { call, signIn, startTestServer } from '../../support/test-server.ts'

const parts = useLedger()
let owner: postgres.Sql
beforeAll(() => {
  owner = postgres(parts.urls.ownerUrl, { max: 2 })
})
afterAll(() => owner.end())

async function isTransactionBlocked(): Promise<boolean> {
  const blocked = await owner`
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  return blocked.length > 0
}

test('[P1] a deadlock with another transaction is retried, and the push takes effect once', async () => {
  const device = new TestDevice(parts, parts.manager)
  const { itemId, binA } = await stockRoom(device)
  await device.do('stock.receive', { itemId, locationId: binA, quantity: 5 })
  let commits = 0
  const { transaction } = parts.database
  parts.database.transaction = (orgId, work) => {
    commits += 1
    return transaction.call(parts.database, orgId, work) as ReturnType<typeof work>
  }
  // Somebody repairs a row by hand and locks in another order: the position first, and then the head that every commit
  // locks first.
  const { pushed } = await owner.begin(async (sql) => {
    await sql`select from positions where item_id = ${itemId} for update`
    const pushed = device.push(device.mutation('stock.receive', { itemId, locationId: binA, quantity: 2 }))
    while (!(await isTransactionBlocked()));
    await sql`select from org_heads where org_id = ${parts.orgId} for update` // PostgreSQL ends the one that waited longer
    return { pushed }
  })
  const results = await pushed
  parts.database.transaction = transaction
  expect([results.map(({ status }) => status), commits]).toEqual([['applied'], 2])
  expect((await readRows(parts, 'positions')).find((row) => row.itemId === itemId)).toMatchObject({ quantity: 7000 })
})

test('[P1] without a free connection a push is asked to retry, and then takes effect once', async () => {
  const { orgId, domain, manager } = await makeOrganisation(parts.accounts)
  const device = new TestDevice({ ...parts, orgId }, manager)
  const { itemId, binA } = await stockRoom(device)
  const server: TestServer = await startTestServer(parts.urls.url)
  const token = await signIn(server.url, `manager@${domain}`, PASSWORD)
  const input = {
    clientId: randomUUID(),
    epoch: 1,
    deviceNow: Date.now(),
    mutations: [{ ...device.mutation('stock.receive', { itemId, locationId: binA, quantity: 3 }), seq: 1 }],
  }
  const push = () => call(server.url, 'sync.push', input, { token })
  const name = new URL(parts.urls.url).pathname.slice(1)
  // As if other programs had taken all connections: those of the server end, and it gets no new ones.
  await owner.unsafe(`alter database ${name} connection limit 0`)
  await owner`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'stockhand'`
  const refused = await push()
  expect([refused.status, refused.body.error.data.refusal]).toEqual([503, 'unavailable'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  await owner.unsafe(`alter database ${name} connection limit -1`)
  const statuses = []
  for (let i = 0; i < 2; i++) statuses.push((await push()).body.result.data.results[0].status)
  expect(statuses).toEqual(['applied', 'duplicate'])
  const positions = await readRows({ ...parts, orgId }, 'positions')
  expect(positions).toMatchObject([{ quantity: 3000 }])
  await server.stop()
})
