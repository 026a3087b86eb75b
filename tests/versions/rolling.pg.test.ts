// An upgrade and the way back behind a balancer: servers of the previous and the current version replace each other on
// one database of the newest schema, while devices of both versions work.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { checkLedger } from '../../server/ledger/verify/ledger-check.ts'
import { startDevice } from '../device/support/connected-device.ts'
import { freePort } from '../support/free-port.ts'
import { startHaproxy } from '../support/programs/haproxy.ts'
import { PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startRedis } from '../support/programs/redis.ts'
import { startServerProcess } from '../support/server-process.ts'
import { signIn } from '../support/test-server.ts'
import type { AnyDevice } from './previous-version.ts'
import { BEFORE_MIGRATIONS, startPreviousDevice, startPreviousServer } from './previous-version.ts'

const parts = useLedger()
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

/** A pause in which devices work and reconnect. */
const STEP_MS = 1_500

const isSynced = ({ device }: AnyDevice) => device.syncPoint.value.complete && device.pendingCount.value === 0

test(
  'a rolling upgrade and the way back do not lose mutations of devices of either version',
  { timeout: 180_000 },
  async () => {
    const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
    const redis = await startRedis()
    cleanups.push(() => redis.stop())
    const ports = [await freePort(), await freePort()]
    const url = parts.urls.url
    const before = (port: number) => startPreviousServer(url, { version: BEFORE_MIGRATIONS, port, redisUrl: redis.url })
    const after = async (port: number) => {
      const server = await startServerProcess({ databaseUrl: url, port, redisUrl: redis.url })
      return { url: server.url, stop: async () => void (await server.stop()) }
    }
    const running = await Promise.all(ports.map(before))
    cleanups.push(() => Promise.all(running.map(({ stop }) => stop())))
    const balancer = await startHaproxy(ports)
    cleanups.push(() => balancer.stop())
    const { domain } = parts
    const token = await signIn(balancer.url, `manager@${domain}`, PASSWORD)
    const who = { token, userId: parts.manager }
    const devices: AnyDevice[] = [
      await startDevice(balancer.url, who),
      await startDevice(balancer.url, who),
      await startPreviousDevice(balancer.url, { ...who, name: randomUUID(), version: BEFORE_MIGRATIONS }),
      await startPreviousDevice(balancer.url, { ...who, name: randomUUID(), version: BEFORE_MIGRATIONS }),
    ]
    for (const { stop } of devices) cleanups.push(stop)
    await until(() => devices.every(isSynced), 'the first sync')
    const notSaved: string[] = []
    let recorded = 0
    let isOn = true
    const working = Promise.all(
      devices.map(async ({ device }) => {
        while (isOn) {
          const result = await device.record('stock.receive', { itemId, locationId: binA, quantity: 1 })
          if (result.saved) recorded += 1
          else notSaved.push(JSON.stringify(result))
          await sleep(100)
        }
      }),
    )
    const agree = () =>
      devices.every((one) => isSynced(one) && one.device.queries.position(itemId, binA).quantity === recorded * 1000)
    for (const start of [after, before]) {
      for (const [index, port] of ports.entries()) {
        await running[index]!.stop()
        running[index] = await start(port)
        await sleep(STEP_MS)
      }
    }
    isOn = false
    await working
    await until(agree, 'agreement')
    expect(notSaved).toEqual([])
    expect(recorded).toBeGreaterThan(100)
    expect((await readRows(parts, 'conflicts')).map(({ code }) => code)).toEqual([])
    expect((await checkLedger(parts.database, parts.orgId)).findings).toEqual([])
  },
)

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not in a minute: ${what}`)
    await sleep(25)
  }
}
