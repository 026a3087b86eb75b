// A device reconnects to a real server after months, and after its user's password was changed. For the months, device
// and server run in this process, whose clock shows another date. Only the date is simulated.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { signal } from '@preact/signals'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Device } from '../../client/device/device.ts'
import { stampMs } from '#shared/values/stamp.ts'
import { deleteOldTombstones } from '../../server/ledger/store/housekeeping-store.ts'
import type { ConnectedDevice } from './support/connected-device.ts'
import { isSynced, startDevice, until } from './support/connected-device.ts'
import { PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { TestServer } from '../support/test-server.ts'
import { signIn, startTestServer } from '../support/test-server.ts'

const DAY_MS = 86_400_000
const realNow = Date.now
const today = realNow()
let awayMs = 0
// Before anything is created that stores `Date.now`.
Date.now = () => realNow() - awayMs
afterAll(() => void (Date.now = realNow))

const parts = useLedger()
let server: TestServer
let owner: postgres.Sql
beforeAll(async () => {
  server = await startTestServer(parts.urls.url)
  owner = postgres(parts.urls.ownerUrl, { max: 1 })
})
afterAll(async () => {
  await server.stop()
  await owner.end()
})

/** Sets the date to some days before today. */
function daysAgo(days: number): void {
  awayMs = days * DAY_MS
}

const email = () => `manager@${parts.domain}`

async function startNamed(name: string): Promise<ConnectedDevice> {
  return startDevice(
    server.url,
    { token: await signIn(server.url, email(), PASSWORD), userId: parts.manager },
    { name },
  )
}

test.each([60, 100])(
  '[D5][T3][U6] after %i days away pending mutations take effect at their own time',
  async (days) => {
    daysAgo(days + 1)
    const other = new TestDevice(parts, parts.manager)
    const code = `GONE-AFTER-${days}`
    const { itemId, binA, binB } = await stockRoom(other, { barcodes: [{ code }] })
    const name = randomUUID()
    const before = await startNamed(name)
    await until(() => isSynced(before), 'the first sync', [before])
    await before.stop()

    daysAgo(days)
    const away = await Device.open({ name, actor: { userId: parts.manager, role: 'manager' } })
    await away.record('stock.receive', { itemId, locationId: binA, quantity: 5 })
    await away.record('stock.receive', { itemId, locationId: binB, quantity: 7 })
    away.close()

    // In the meantime somebody counts one of the bins and detaches a barcode.
    daysAgo(days - 5)
    const results = await other.push(
      other.mutation('stock.count', { itemId, locationId: binA, counted: 40 }),
      other.mutation('barcode.detach', { itemId, code }),
    )
    expect(results.map(({ status }) => status)).toEqual(['applied', 'applied'])

    daysAgo(0)
    await deleteOldTombstones(parts.database, parts.orgId, Date.now())
    const [head] = await owner<{ horizon: number }[]>`select horizon from org_heads where org_id = ${parts.orgId}`
    expect(Number(head!.horizon) > 0).toBe(days > 90)
    const back = await startNamed(name)
    expect(back.device.pendingCount.value).toBe(2)
    await until(() => isSynced(back), 'pending mutations are sent', [back])
    const { queries, syncPoint } = back.device
    expect([queries.position(itemId, binA).quantity, queries.position(itemId, binB).quantity]).toEqual([40_000, 7000])
    expect([queries.find(code).kind, syncPoint.value.epoch]).toEqual(['unknown', 1])
    const lines = await owner<{ at: string }[]>`
    select at from inventory_logs where item_id = ${itemId} and kind = 'receive'`
    expect(lines.map(({ at }) => Math.round((today - stampMs(at)) / DAY_MS))).toEqual([days, days])
    await back.stop()
  },
)

test('[P6] a password change elsewhere signs the device out, and pending mutations are sent after signing in again', async () => {
  const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
  let token = await signIn(server.url, email(), PASSWORD)
  // Like the app's session, which cannot renew a refused token once the session is over.
  const expired = signal(false)
  const session = {
    token: async () => (expired.value ? undefined : token),
    forgetToken: () => void (expired.value = true),
    expired,
  }
  const here = await startDevice(server.url, { token, userId: parts.manager }, { session })
  await until(() => isSynced(here) && here.sync.status.value.link === 'online', 'the first sync', [here])
  await parts.accounts.setPassword(email(), 'a new one, at last')
  await here.device.record('stock.receive', { itemId, locationId: binA, quantity: 3 })
  await until(() => here.sync.status.value.link === 'signed_out', 'the end of the session')
  expect([here.device.pendingCount.value, here.device.queries.position(itemId, binA).quantity]).toEqual([1, 3000])
  token = await signIn(server.url, email(), 'a new one, at last')
  expired.value = false
  await until(() => isSynced(here), 'pending mutations are sent')
  expect(await owner`select from inventory_logs where item_id = ${itemId}`).toHaveLength(1)
  await here.stop()
})
