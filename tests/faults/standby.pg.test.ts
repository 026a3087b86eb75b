// A real streaming standby that falls behind, and one that is promoted without the last commits.
import 'fake-indexeddb/auto'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, signIn } from '../support/test-server.ts'
import { isSettled, sendOutSynced, until } from '../device/field-device.ts'
import { primaryAndStandby } from './primary-and-standby.ts'

const parts = useLedger()
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

test('[U4] a standby that lags never shows a device the past', { timeout: 60_000 }, async () => {
  const { organisation, room, standby, databaseUrl, manager } = await primaryAndStandby(parts, ends)
  const replicaUrl = standby.url
  const server = await startServerProcess({ databaseUrl, replicaUrl, port: await freePort() })
  ends.push(server.kill)
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
  // Whoever has seen nothing of it may be answered by the standby, as of before.
  expect((await pull(before.cursor)).version).toBe(before.version)
  const after = await pull(before.cursor, version)
  expect(after.version).toBe(version)
  expect(after.tables['positions']!.rows).toHaveLength(1)
  // Whoever holds the new version is never answered with the old one.
  expect((await pull(after.cursor)).version).toBe(version)
  await standby.pause(false)
  await standby.caughtUp()
  expect((await pull(after.cursor)).version).toBe(version)
})

test(
  '[U7][D5] a standby promoted without the last commits: a new epoch, and every device sends its week again',
  { timeout: 90_000 },
  async () => {
    const { organisation, room, standby, proxy, databaseUrl, manager } = await primaryAndStandby(parts, ends)
    const server = await startServerProcess({ databaseUrl, port: await freePort() })
    ends.push(server.kill)
    const token = await signIn(server.url, manager, PASSWORD)
    const who = { token, userId: organisation.manager }
    const devices = await sendOutSynced(server.url, 2, { who, ends })
    const receive = async () => {
      for (const { device } of devices) {
        const args = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
        expect((await device.record('stock.receive', args)).saved).toBe(true)
      }
    }
    const agree = (quantity: number) => () =>
      devices.every(
        (one) => isSettled(one) && one.device.queries.position(room.itemId, room.binA).quantity === quantity,
      )
    await receive()
    await until(agree(2000), 'agreement before', devices)
    await standby.caughtUp()
    await standby.pause(true)
    await receive()
    await until(agree(4000), 'agreement of what is lost next', devices)
    // The primary is gone with its last commits; the standby takes its place.
    await standby.promote()
    proxy.retarget(Number(new URL(standby.url).port))
    await receive()
    await until(agree(6000), 'agreement after', devices)
    expect(devices.map(({ device }) => device.syncPoint.value.epoch > 1)).toEqual([true, true])
  },
)
