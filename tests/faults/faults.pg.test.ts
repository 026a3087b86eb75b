// Real faults against real processes: a bad network, a database that is killed, a Redis that comes and goes, replicas
// behind a balancer that are started anew one by one. The devices are the real code; nothing they saved may be lost or
// doubled, and in the end all of them agree.
import 'fake-indexeddb/auto'
import { afterEach, expect, test } from 'vitest'
import { checkLedger } from '../../server/ledger/verify/ledger-check.ts'
import type { FieldDevice } from '../device/field-device.ts'
import { isSettled, sendOutSynced, until } from '../device/field-device.ts'
import { furnish, startPrimary } from './primary.ts'
import { startThreeReplicas } from './three-replicas.ts'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startRedis } from '../support/redis.ts'
import { startServerProcess } from '../support/server-process.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { signIn } from '../support/test-server.ts'
import { Random } from '../simulation/random.ts'

const parts = useLedger()
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const whoIs = async (url: string) => {
  const { domain } = parts
  return { token: await signIn(url, `manager@${domain}`, PASSWORD), userId: parts.manager }
}

const send = (origin: string, count: number, who: { token: string; userId: string }) =>
  sendOutSynced(origin, count, { who, ends })

/** Each device receives one piece, again and again, with pauses; resolves to how many pieces were saved. */
async function work(devices: FieldDevice[], room: { itemId: string; binA: string }, pieces: number): Promise<number> {
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

async function expectAgreement(devices: FieldDevice[], room: { itemId: string; binA: string }, pieces: number) {
  const shown = ({ device }: FieldDevice) => device.queries.position(room.itemId, room.binA).quantity
  await until(() => devices.every((one) => isSettled(one) && shown(one) === pieces * 1000), 'agreement', devices)
  const [position] = (await readRows(parts, 'positions')).filter(({ itemId }) => itemId === room.itemId)
  expect(position!.quantity).toBe(pieces * 1000)
  expect((await checkLedger(parts.database, parts.orgId)).findings).toEqual([])
}

test(
  `[P1][D4] a network that cuts, delays, truncates and duplicates (SEED=${SEED})`,
  { timeout: 120_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const port = await freePort()
    const server = await startServerProcess({ databaseUrl: parts.urls.url, port })
    ends.push(server.kill)
    const who = await whoIs(server.url)
    const proxy = await TcpProxy.open(port)
    ends.push(() => proxy.close())
    const devices = await send(`http://127.0.0.1:${proxy.port}`, 5, who)
    const chance = new Random(SEED)
    proxy.weather = { random: () => chance.next(), cuts: 0.4, delays: 0.2, delayMaxMs: 300, duplicates: 0.3 }
    proxy.hangUp()
    const storm = setInterval(() => proxy.hangUp(), 700)
    const pieces = await work(devices, room, 60)
    clearInterval(storm)
    expect(proxy.did.cut).toBeGreaterThan(0)
    expect(proxy.did.delayed).toBeGreaterThan(0)
    expect(proxy.did.duplicated).toBeGreaterThan(0)
    proxy.weather = undefined
    proxy.hangUp()
    await expectAgreement(devices, room, pieces)
  },
)

test('[P1] PostgreSQL killed at random points under load, and started again', { timeout: 180_000 }, async () => {
  const primary = await startPrimary(ends)
  const { databaseUrl } = primary
  const organisation = await furnish(parts, databaseUrl, ends)
  const room = await stockRoom(new TestDevice(organisation, organisation.manager))
  const port = await freePort()
  const server = await startServerProcess({ databaseUrl, port })
  ends.push(server.kill)
  const token = await signIn(server.url, `manager@${organisation.domain}`, PASSWORD)
  const devices = await send(server.url, 4, { token, userId: organisation.manager })
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
  const shown = ({ device }: FieldDevice) => device.queries.position(room.itemId, room.binA).quantity
  await until(() => devices.every((one) => isSettled(one) && shown(one) === pieces * 1000), 'agreement', devices)
  const report = await checkLedger(organisation.database, organisation.orgId)
  expect(report.findings).toEqual([])
  expect(report.lines).toBe(pieces)
})

test(
  '[V1][V3] Redis stopped and started: other replicas hear later, and then at once again',
  { timeout: 120_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const redisPort = await freePort()
    let redis = await startRedis(redisPort)
    ends.push(() => redis.stop())
    const servers = await Promise.all(
      [await freePort(), await freePort()].map((port) =>
        startServerProcess({ databaseUrl: parts.urls.url, port, redisUrl: redis.url }),
      ),
    )
    for (const { kill } of servers) ends.push(kill)
    const who = await whoIs(servers[0]!.url)
    const [[here], [there]] = [await send(servers[0]!.url, 1, who), await send(servers[1]!.url, 1, who)]
    const seen = () => there!.device.queries.position(room.itemId, room.binA).quantity
    const receive = () =>
      here!.device.record('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity: 1 })
    const hears = async (quantity: number, withinMs: number) => {
      const start = Date.now()
      while (seen() !== quantity) {
        if (Date.now() - start > withinMs) throw new Error(`${seen()} after ${withinMs} ms, not ${quantity}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    await receive()
    await hears(1000, 5_000)
    await redis.stop()
    await receive()
    await hears(2000, 30_000) // by the next head
    redis = await startRedis(redisPort)
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // until both replicas have found it
    await receive()
    await hears(3000, 5_000)
  },
)

test(
  '[P1][V1] three replicas behind a balancer, started anew one by one under load',
  { timeout: 180_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const { url, replicas, startAnew } = await startThreeReplicas(parts.urls.url, ends)
    const devices = await send(url, 6, await whoIs(url))
    const working = work(devices, room, 150)
    for (const index of replicas.keys()) {
      await new Promise((resolve) => setTimeout(resolve, 800))
      await replicas[index]!.stop()
      await startAnew(index)
    }
    await expectAgreement(devices, room, await working)
  },
)
