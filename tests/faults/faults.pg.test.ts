// Real faults against real processes: a bad network, a killed database, a Redis that stops and starts, replicas behind
// a balancer that restart one by one. The devices run the real code. No saved mutation may be lost or doubled, and in
// the end all devices agree.
import 'fake-indexeddb/auto'
import { afterEach, expect, test } from 'vitest'
import { checkLedger } from '../../server/ledger/verify/ledger-check.ts'
import type { ConnectedDevice } from '../device/support/connected-device.ts'
import { isSynced, startSyncedDevices, until } from '../device/support/connected-device.ts'
import { addOrganisation, startPrimary } from './primary.ts'
import { startThreeReplicas } from './three-replicas.ts'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startRedis } from '../support/programs/redis.ts'
import { startServerProcess } from '../support/server-process.ts'
import { TcpProxy } from '../support/network/tcp-proxy.ts'
import { signIn } from '../support/test-server.ts'
import { Random } from '../simulation/random.ts'

const parts = useLedger()
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

const signInManager = async (url: string) => {
  const { domain } = parts
  return { token: await signIn(url, `manager@${domain}`, PASSWORD), userId: parts.manager }
}

const startDevices = (origin: string, count: number, who: { token: string; userId: string }) =>
  startSyncedDevices(origin, count, { who, cleanups })

/** Each device receives one unit repeatedly, with pauses. Resolves to the number of saved units. */
async function work(
  devices: ConnectedDevice[],
  room: { itemId: string; binA: string },
  pieces: number,
): Promise<number> {
  const counts = await Promise.all(
    devices.map(async ({ device }) => {
      for (let i = 0; i < pieces; i++) {
        const args = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
        const result = await device.record('stock.receive', args)
        if (!result.saved) throw new Error(result.refusal.code)
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 60))
      }
      return pieces
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

async function expectAgreement(devices: ConnectedDevice[], room: { itemId: string; binA: string }, pieces: number) {
  const shown = ({ device }: ConnectedDevice) => device.queries.position(room.itemId, room.binA).quantity
  await until(() => devices.every((one) => isSynced(one) && shown(one) === pieces * 1000), 'agreement', devices)
  const [position] = (await readRows(parts, 'positions')).filter(({ itemId }) => itemId === room.itemId)
  expect(position!.quantity).toBe(pieces * 1000)
  expect((await checkLedger(parts.database, parts.orgId)).findings).toEqual([])
}

test(
  `[P1][D4] all mutations arrive once over a network that cuts, delays, truncates and duplicates (SEED=${SEED})`,
  { timeout: 120_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const port = await freePort()
    const server = await startServerProcess({ databaseUrl: parts.urls.url, port })
    cleanups.push(server.kill)
    const who = await signInManager(server.url)
    const proxy = await TcpProxy.open(port)
    cleanups.push(() => proxy.close())
    const devices = await startDevices(`http://127.0.0.1:${proxy.port}`, 5, who)
    const chance = new Random(SEED)
    proxy.faults = { random: () => chance.next(), cuts: 0.4, delays: 0.2, delayMaxMs: 300, duplicates: 0.3 }
    proxy.cutAll()
    const cutting = setInterval(() => proxy.cutAll(), 700)
    const pieces = await work(devices, room, 60)
    clearInterval(cutting)
    expect(proxy.injected.cut).toBeGreaterThan(0)
    expect(proxy.injected.delayed).toBeGreaterThan(0)
    expect(proxy.injected.duplicated).toBeGreaterThan(0)
    proxy.faults = undefined
    proxy.cutAll()
    await expectAgreement(devices, room, pieces)
  },
)

test(
  '[P1] all mutations are committed once if PostgreSQL is killed at random under load',
  { timeout: 180_000 },
  async () => {
    const primary = await startPrimary(cleanups)
    const { databaseUrl } = primary
    const organisation = await addOrganisation(parts, databaseUrl, cleanups)
    const room = await stockRoom(new TestDevice(organisation, organisation.manager))
    const port = await freePort()
    const server = await startServerProcess({ databaseUrl, port })
    cleanups.push(server.kill)
    const token = await signIn(server.url, `manager@${organisation.domain}`, PASSWORD)
    const devices = await startDevices(server.url, 4, { token, userId: organisation.manager })
    let working = true
    const working$ = work(devices, room, 120).finally(() => (working = false))
    let kills = 0
    while (working && kills < 4) {
      await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 500))
      await primary.killAndStart()
      kills += 1
    }
    const pieces = await working$
    expect(kills).toBeGreaterThan(1)
    const shown = ({ device }: ConnectedDevice) => device.queries.position(room.itemId, room.binA).quantity
    await until(() => devices.every((one) => isSynced(one) && shown(one) === pieces * 1000), 'agreement', devices)
    const report = await checkLedger(organisation.database, organisation.orgId)
    expect(report.findings).toEqual([])
    expect(report.lines).toBe(pieces)
  },
)

test(
  '[V1][V3] without Redis other replicas receive commits later, and at once again when it is back',
  { timeout: 120_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const redisPort = await freePort()
    let redis = await startRedis(redisPort)
    cleanups.push(() => redis.stop())
    const servers = await Promise.all(
      [await freePort(), await freePort()].map((port) =>
        startServerProcess({ databaseUrl: parts.urls.url, port, redisUrl: redis.url }),
      ),
    )
    for (const { kill } of servers) cleanups.push(kill)
    const who = await signInManager(servers[0]!.url)
    const [[here], [there]] = [await startDevices(servers[0]!.url, 1, who), await startDevices(servers[1]!.url, 1, who)]
    const seen = () => there!.device.queries.position(room.itemId, room.binA).quantity
    const receive = () =>
      here!.device.record('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity: 1 })
    const shows = async (quantity: number, withinMs: number) => {
      const start = Date.now()
      while (seen() !== quantity) {
        if (Date.now() - start > withinMs) throw new Error(`${seen()} after ${withinMs} ms, not ${quantity}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    await receive()
    await shows(1000, 5_000)
    await redis.stop()
    await receive()
    await shows(2000, 30_000) // with the next head
    redis = await startRedis(redisPort)
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // until both replicas have reconnected
    await receive()
    await shows(3000, 5_000)
  },
)

test(
  '[P1][V1] all mutations arrive once while three replicas behind a balancer restart one by one',
  { timeout: 180_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const { url, replicas, restart } = await startThreeReplicas(parts.urls.url, cleanups)
    const devices = await startDevices(url, 6, await signInManager(url))
    const working = work(devices, room, 150)
    for (const index of replicas.keys()) {
      await new Promise((resolve) => setTimeout(resolve, 800))
      await replicas[index]!.stop()
      await restart(index)
    }
    await expectAgreement(devices, room, await working)
  },
)
