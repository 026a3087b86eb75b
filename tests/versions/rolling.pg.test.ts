// An upgrade, and the way back, behind a balancer: servers of the version before and of this one take each other's place
// on one database of the newest shape, while devices of both versions work through whichever answers.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { checkLedger } from '../../server/ledger/verify/ledger-check.ts'
import { sendOut } from '../device/field-device.ts'
import { freePort } from '../support/free-port.ts'
import { startHaproxy } from '../support/haproxy.ts'
import { PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startRedis } from '../support/redis.ts'
import { startServerProcess } from '../support/server-process.ts'
import { signIn } from '../support/test-server.ts'
import type { AnyDevice } from './previous-version.ts'
import { BEFORE_MIGRATIONS, sendOutPrevious, startPreviousServer } from './previous-version.ts'

const parts = useLedger()
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

/** A pause in which devices work and reconnect. */
const STEP_MS = 1_500

const settled = ({ device }: AnyDevice) => device.syncPoint.value.complete && device.pendingCount.value === 0

test(
  'an upgrade server by server, and the way back, lose nothing of what devices of both versions do meanwhile',
  { timeout: 180_000 },
  async () => {
    const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
    const redis = await startRedis()
    ends.push(() => redis.stop())
    const ports = [await freePort(), await freePort()]
    const url = parts.urls.url
    const before = (port: number) => startPreviousServer(url, { version: BEFORE_MIGRATIONS, port, redisUrl: redis.url })
    const after = async (port: number) => {
      const server = await startServerProcess({ databaseUrl: url, port, redisUrl: redis.url })
      return { url: server.url, stop: async () => void (await server.stop()) }
    }
    const running = await Promise.all(ports.map(before))
    ends.push(() => Promise.all(running.map(({ stop }) => stop())))
    const balancer = await startHaproxy(ports)
    ends.push(() => balancer.stop())
    const { domain } = parts
    const token = await signIn(balancer.url, `manager@${domain}`, PASSWORD)
    const who = { token, userId: parts.manager }
    const devices: AnyDevice[] = [
      await sendOut(balancer.url, who),
      await sendOut(balancer.url, who),
      await sendOutPrevious(balancer.url, { ...who, name: randomUUID(), version: BEFORE_MIGRATIONS }),
      await sendOutPrevious(balancer.url, { ...who, name: randomUUID(), version: BEFORE_MIGRATIONS }),
    ]
    for (const { leave } of devices) ends.push(leave)
    await until(() => devices.every(settled), 'the first sync')
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
      devices.every((one) => settled(one) && one.device.queries.position(itemId, binA).quantity === recorded * 1000)
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
