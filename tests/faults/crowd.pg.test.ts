// A thousand devices whose server is killed. All of them reconnect automatically, spread over some seconds. A hundred
// are complete and record something in the meantime. The others are only sockets, because one process cannot have the
// storage of all.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { signal } from '@preact/signals'
import { afterEach, expect, test } from 'vitest'
import { trpcTransport } from '../../client/sync/trpc-transport.ts'
import { checkLedger } from '../../server/ledger/verify/ledger-check.ts'
import type { ConnectedDevice } from '../device/support/connected-device.ts'
import { isSynced, startSyncedDevices, until } from '../device/support/connected-device.ts'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startServerProcess } from '../support/server-process.ts'
import { signIn } from '../support/test-server.ts'

const WHOLE = 100
const LISTENING = 900

const parts = useLedger()
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

test(
  '[V1] a thousand devices reconnect automatically after their server was killed',
  { timeout: 240_000 },
  async () => {
    const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
    const port = await freePort()
    const first = await startServerProcess({ databaseUrl: parts.urls.url, port })
    cleanups.push(first.kill)
    const token = await signIn(first.url, `manager@${parts.domain}`, PASSWORD)
    const devices = await startSyncedDevices(first.url, WHOLE, { who: { token, userId: parts.manager }, cleanups })
    const isOnline = ({ sync }: ConnectedDevice) => sync.status.value.link === 'online'
    await until(() => devices.every(isOnline), 'all are online')
    const reached = listenMany(first.url, token)
    await until(() => reached.every((version) => version > 0), 'all subscribed')

    await first.kill()
    reached.fill(0)
    for (const { device } of devices) await device.record('stock.receive', { itemId, locationId: binA, quantity: 1 })
    const second = await startServerProcess({ databaseUrl: parts.urls.url, port })
    cleanups.push(second.kill)
    const shows = ({ device }: ConnectedDevice) => device.queries.position(itemId, binA).quantity === WHOLE * 1000
    // Nothing triggers them: each reconnects after its own backoff.
    const isBack = (one: ConnectedDevice) => isOnline(one) && isSynced(one) && shows(one)
    await until(() => devices.every(isBack), 'all are back with their mutations', [], 90_000)
    const last = devices[0]!.device.syncPoint.value.version
    await until(() => reached.every((version) => version === last), 'all received the last version', [], 90_000)
    expect((await checkLedger(parts.database, parts.orgId)).findings).toEqual([])
  },
)

/** Opens the sockets. Returns the version that each has received. */
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
    cleanups.push(async () => stop())
  }
  return reached
}
