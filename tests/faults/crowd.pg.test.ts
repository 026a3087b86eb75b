// A thousand devices whose server is killed: all of them return by themselves, spread over some seconds. A hundred are
// whole and recorded something meanwhile; of the others there is the connection, as one process has no storage for all.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { signal } from '@preact/signals'
import { afterEach, expect, test } from 'vitest'
import { trpcTransport } from '../../client/sync/trpc-transport.ts'
import { checkLedger } from '../../server/ledger/verify/ledger-check.ts'
import type { FieldDevice } from '../device/field-device.ts'
import { isSettled, sendOutSynced, until } from '../device/field-device.ts'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startServerProcess } from '../support/server-process.ts'
import { signIn } from '../support/test-server.ts'

const WHOLE = 100
const LISTENING = 900

const parts = useLedger()
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

test('[V1] a thousand devices come back to a server that was killed, by themselves', { timeout: 240_000 }, async () => {
  const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
  const port = await freePort()
  const first = await startServerProcess({ databaseUrl: parts.urls.url, port })
  ends.push(first.kill)
  const token = await signIn(first.url, `manager@${parts.domain}`, PASSWORD)
  const devices = await sendOutSynced(first.url, WHOLE, { who: { token, userId: parts.manager }, ends })
  const isOnline = ({ sync }: FieldDevice) => sync.status.value.link === 'online'
  await until(() => devices.every(isOnline), 'all are online')
  const reached = listenMany(first.url, token)
  await until(() => reached.every((version) => version > 0), 'all listen')

  await first.kill()
  reached.fill(0)
  for (const { device } of devices) await device.record('stock.receive', { itemId, locationId: binA, quantity: 1 })
  const second = await startServerProcess({ databaseUrl: parts.urls.url, port })
  ends.push(second.kill)
  const shows = ({ device }: FieldDevice) => device.queries.position(itemId, binA).quantity === WHOLE * 1000
  // Nobody asks them to: each returns when its own waiting is over.
  const isBack = (one: FieldDevice) => isOnline(one) && isSettled(one) && shows(one)
  await until(() => devices.every(isBack), 'all are back, with what they recorded', [], 90_000)
  const last = devices[0]!.device.syncPoint.value.version
  await until(() => reached.every((version) => version === last), 'everybody heard of it', [], 90_000)
  expect((await checkLedger(parts.database, parts.orgId)).findings).toEqual([])
})

/** The version that each has heard of. */
function listenMany(origin: string, token: string): number[] {
  const session = { token: async () => token, forgetToken: () => undefined, expired: signal(false) }
  const reached = Array.from({ length: LISTENING }, () => 0)
  for (const index of reached.keys()) {
    const stop = trpcTransport(session, origin).subscribe(
      { clientId: randomUUID(), cursor: null },
      {
        open: () => undefined,
        message: ({ to }) => void (reached[index] = to),
        refused: (refusal) => {
          throw new Error(`refused: ${refusal}`)
        },
      },
    )
    ends.push(async () => stop())
  }
  return reached
}
