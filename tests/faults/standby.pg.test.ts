// A real streaming standby that lags, and one that is promoted without the last commits.
import 'fake-indexeddb/auto'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, signIn } from '../support/test-server.ts'
import { isSynced, startSyncedDevices, until } from '../device/support/connected-device.ts'
import { startPrimaryAndStandby } from './primary-and-standby.ts'

const parts = useLedger()
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

test('[U4] a lagging standby never shows a device old data', { timeout: 60_000 }, async () => {
  const { organisation, room, standby, databaseUrl, manager } = await startPrimaryAndStandby(parts, cleanups)
  const replicaUrl = standby.url
  const server = await startServerProcess({ databaseUrl, replicaUrl, port: await freePort() })
  cleanups.push(server.kill)
  const token = await signIn(server.url, manager, PASSWORD)
  const pull = async (cursor: string | null, atLeast?: number) => {
    const input = { cursor, limit: 20_000, ...(atLeast !== undefined && { atLeast }) }
    const { status, body } = await call(server.url, 'sync.pull', input, { token, get: true })
    expect(status).toBe(200)
    return body.result.data as { version: number; cursor: string; tables: Record<string, { rows: unknown[][] }> }
  }
  const device = new TestDevice(organisation, organisation.manager)
  const receive = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
  await standby.caughtUp()
  await standby.pause(true)
  const before = await pull(null)
  const { version } = await device.pushWhole([device.mutation('stock.receive', receive)])
  // A device that has not seen the commit may be answered by the standby, with the version before.
  expect((await pull(before.cursor)).version).toBe(before.version)
  const after = await pull(before.cursor, version)
  expect(after.version).toBe(version)
  expect(after.tables['positions']!.rows).toHaveLength(1)
  // A device that holds the new version never gets the old one.
  expect((await pull(after.cursor)).version).toBe(version)
  await standby.pause(false)
  await standby.caughtUp()
  expect((await pull(after.cursor)).version).toBe(version)
})

test(
  '[U7][D5] a standby promoted without the last commits begins a new epoch, and every device sends its last week again',
  { timeout: 90_000 },
  async () => {
    const { organisation, room, standby, proxy, databaseUrl, manager } = await startPrimaryAndStandby(parts, cleanups)
    const server = await startServerProcess({ databaseUrl, port: await freePort() })
    cleanups.push(server.kill)
    const token = await signIn(server.url, manager, PASSWORD)
    const who = { token, userId: organisation.manager }
    const devices = await startSyncedDevices(server.url, 2, { who, cleanups })
    const receive = async () => {
      for (const { device } of devices) {
        const args = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
        expect((await device.record('stock.receive', args)).saved).toBe(true)
      }
    }
    const agree = (quantity: number) => () =>
      devices.every((one) => isSynced(one) && one.device.queries.position(room.itemId, room.binA).quantity === quantity)
    await receive()
    await until(agree(2000), 'agreement before', devices)
    await standby.caughtUp()
    await standby.pause(true)
    await receive()
    await until(agree(4000), 'agreement on the mutations that are lost next', devices)
    // The primary is lost with its last commits, and the standby replaces it.
    await standby.promote()
    proxy.retarget(Number(new URL(standby.url).port))
    await receive()
    await until(agree(6000), 'agreement after', devices)
    expect(devices.map(({ device }) => device.syncPoint.value.epoch > 1)).toEqual([true, true])
  },
)
