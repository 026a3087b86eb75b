// A thousand devices whose server goes away and comes back: all of them return by themselves, spread over some seconds,
// with what they recorded meanwhile. Those that the server sends away for the moment come again when it said.
import 'fake-indexeddb/auto'
import { afterEach, expect, test } from 'vitest'
import { checkLedger } from '../../server/ledger/ledger-check.ts'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startServerProcess } from '../support/server-process.ts'
import { signIn } from '../support/test-server.ts'
import type { FieldDevice } from '../device/field-device.ts'
import { isSettled, sendOutSynced, until } from '../device/field-device.ts'

const CROWD = 1_000
/** So many of them recorded something meanwhile. */
const BUSY = 200
/** Devices that open at once in one process would wait for each other's storage. */
const TOGETHER = 100

const parts = useLedger()
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

test('[V1] a thousand devices come back to a server that was killed, by themselves', { timeout: 180_000 }, async () => {
  const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
  const port = await freePort()
  const first = await startServerProcess({ databaseUrl: parts.urls.url, port })
  ends.push(first.kill)
  const { domain } = parts
  const who = { token: await signIn(first.url, `manager@${domain}`, PASSWORD), userId: parts.manager }
  const devices: FieldDevice[] = []
  while (devices.length < CROWD) devices.push(...(await sendOutSynced(first.url, TOGETHER, { who, ends })))
  const isOnline = ({ sync }: FieldDevice) => sync.status.value.link === 'online'
  await until(() => devices.every(isOnline), 'all are online')
  await first.kill()
  for (const { device } of devices.slice(0, BUSY)) {
    await device.record('stock.receive', { itemId, locationId: binA, quantity: 1 })
  }
  const second = await startServerProcess({ databaseUrl: parts.urls.url, port })
  ends.push(second.kill)
  const shows = ({ device }: FieldDevice) => device.view.position(itemId, binA).quantity === BUSY * 1000
  // Nobody asks them to: each returns when its own waiting is over.
  await until(() => devices.every((one) => isOnline(one) && isSettled(one) && shows(one)), 'all are back', [], 120_000)
  expect((await checkLedger(parts.database, parts.orgId)).findings).toEqual([])
})
