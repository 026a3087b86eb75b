// Two regions behind a proxy that behaves like Fly.io's: yyz with the primary, iad with a real streaming standby.
import 'fake-indexeddb/auto'
import { afterAll, afterEach, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, readRows, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startRedis } from '../support/programs/redis.ts'
import { startRegionProxy } from '../support/network/region-proxy.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, signIn } from '../support/test-server.ts'
import { isSynced, startDevice, until } from '../device/support/connected-device.ts'
import { startPrimaryAndStandby } from './primary-and-standby.ts'

const parts = useLedger()
type Cleanups = (() => Promise<unknown>)[]
const cleanups: Cleanups = []
const lastCleanups: Cleanups = []
const runAll = async (list: Cleanups) => {
  for (const cleanUp of list.splice(0).toReversed()) await cleanUp()
}
afterEach(() => runAll(cleanups))
afterAll(() => runAll(lastCleanups))

async function twoRegions(cleanups: Cleanups) {
  const stage = await startPrimaryAndStandby(parts, cleanups)
  const redis = await startRedis()
  cleanups.push(() => redis.stop())
  const start = async (region: string) => {
    const env = { PRIMARY_REGION: 'yyz', FLY_REGION: region }
    const { databaseUrl, standby } = stage
    const server = await startServerProcess({
      // As if the primary were unreachable from other regions, because no server there may need it.
      databaseUrl: region === 'yyz' ? databaseUrl : 'postgres://nobody@127.0.0.1:1/none',
      replicaUrl: region === 'yyz' ? '' : standby.url,
      port: await freePort(),
      redisUrl: redis.url,
      env,
    })
    cleanups.push(server.kill)
    return server.url
  }
  const [yyz, iad] = await Promise.all([start('yyz'), start('iad')])
  const proxy = await startRegionProxy({ yyz, iad }, 'iad')
  cleanups.push(() => proxy.close())
  return { ...stage, yyz, iad, start, proxy }
}

type Stage = Awaited<ReturnType<typeof twoRegions>>

/** One stage for all tests that neither stop its replica nor count its rows. The first test starts it. */
let shared: Promise<Stage> | undefined
const sharedRegions = () => (shared ??= twoRegions(lastCleanups))

function pushOf({ organisation, room }: Stage, device = new TestDevice(organisation, organisation.manager)) {
  const receive = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
  const mutations = [device.mutation('stock.receive', receive)]
  return { clientId: device.clientId, epoch: 1, deviceNow: Date.now(), mutations }
}

test('[U4] a write in the wrong region reaches the primary, and reads that the replica can answer stay in the region', async () => {
  const stage = await sharedRegions()
  const { organisation, iad, proxy, standby, manager } = stage
  const token = await signIn(proxy.url, manager, PASSWORD)
  expect(proxy.replayed).toEqual(['/trpc/auth.login yyz'])
  // The server's own answer, which asks the proxy to replay.
  const replay = await call(iad, 'sync.push', pushOf(stage), { token })
  expect([replay.status, replay.headers.get('fly-replay'), replay.body]).toEqual([409, 'region=yyz', ''])
  const pushed = await call(proxy.url, 'sync.push', pushOf(stage), { token })
  expect(pushed.body.result.data).toMatchObject({ results: [{ status: 'applied' }] })
  expect((await readRows(organisation, 'positions')).map(({ quantity }) => quantity)).toEqual([1000])
  await standby.caughtUp()
  proxy.replayed.length = 0
  const { version } = pushed.body.result.data
  for (const [path, input] of [
    ['sync.pull', { cursor: null, atLeast: version }],
    ['auth.me', undefined],
    ['movements.list', {}],
    ['catalogue.lookup', { code: 'CAFE-1' }],
  ] as const)
    expect((await call(proxy.url, path, input, { token, get: true })).status).toBe(200)
  expect(proxy.replayed).toEqual([])
}, 60_000)

test('[U4] a lagging replica never shows a device old data, and never rejects a fresh sign-in', async () => {
  const stage = await twoRegions(cleanups)
  const { proxy, standby, manager } = stage
  await standby.caughtUp()
  await standby.pause(true)
  const token = await signIn(proxy.url, manager, PASSWORD)
  const { body } = await call(proxy.url, 'sync.push', pushOf(stage), { token })
  const { version } = body.result.data as { version: number }
  expect((await call(proxy.url, 'auth.me', undefined, { token, get: true })).status).toBe(200)
  await standby.pause(false)
  await standby.caughtUp()
  await standby.pause(true)
  const pull = async (input: object) => {
    const answer = await call(proxy.url, 'sync.pull', input, { token, get: true })
    expect(answer.status).toBe(200)
    return answer.body.result.data as { version: number; cursor: string; epoch: number }
  }
  const second = (await call(proxy.url, 'sync.push', pushOf(stage), { token })).body.result.data.version as number
  expect(second).toBe(version + 1)
  expect((await pull({ cursor: null })).version).toBe(version) // a device that has not seen the commit may get the version before
  const own = await pull({ cursor: null, atLeast: second })
  expect(own.version).toBe(second)
  const later = await pull({ cursor: own.cursor })
  expect([later.version, later.epoch]).toEqual([second, 1]) // no commit is mistaken for lost
  expect(proxy.replayed.filter((path) => path === '/trpc/sync.pull yyz')).toHaveLength(2)
  const list = async (input: object) => {
    const answer = await call(proxy.url, 'movements.list', input, { token, get: true })
    return (answer.body.result.data.rows as unknown[]).length
  }
  expect([await list({}), await list({ atLeast: second })]).toEqual([1, 2])
  const barcode = { itemId: stage.room.itemId, code: 'BRAND-NEW' }
  const device = new TestDevice(stage.organisation, stage.organisation.manager)
  expect((await device.do('barcode.attach', barcode)).status).toBe('applied')
  const lookup = async (code: string) =>
    (await call(proxy.url, 'catalogue.lookup', { code }, { token, get: true })).body.result.data as unknown
  expect(await lookup('BRAND-NEW')).toMatchObject({ item: { id: stage.room.itemId } })
  expect(await lookup('NOBODY-KNOWS')).toBeNull()
  await standby.pause(false)
}, 60_000)

test('[U4][V1] devices in a region whose replica lags now and then agree with all others, and receive commits at once', async () => {
  const stage = await twoRegions(cleanups)
  const { proxy, yyz, standby, manager, room, organisation } = stage
  const token = await signIn(yyz, manager, PASSWORD)
  const who = { token, userId: organisation.manager }
  await standby.caughtUp()
  const here = [await startDevice(proxy.url, who), await startDevice(proxy.url, who)]
  const there = await startDevice(yyz, who)
  const devices = [...here, there]
  for (const { stop } of devices) cleanups.push(stop)
  await until(() => devices.every(isSynced), 'the first sync', devices)
  const epochs = new Set<number>()
  for (const { device } of devices) device.syncPoint.subscribe(({ epoch }) => epochs.add(epoch))
  for (let round = 0; round < 6; round++) {
    await standby.pause(round % 2 === 0)
    for (const { device } of devices) {
      const args = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
      expect((await device.record('stock.receive', args)).saved).toBe(true)
    }
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  await standby.pause(false)
  const shown = ({ device }: (typeof devices)[number]) => device.queries.position(room.itemId, room.binA).quantity
  await until(() => devices.every((one) => isSynced(one) && shown(one) === 18_000), 'agreement', devices)
  expect([...epochs]).toEqual([1])
  // With a stopped replica, a commit in the other region still reaches a socket in this one.
  await standby.pause(true)
  await there.device.record('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity: 1 })
  await until(() => shown(here[0]!) === 19_000, 'the socket')
  await standby.pause(false)
}, 120_000)

test('a replay loop cleanups: a request that was replayed once is asked to retry, also if the replica would have refused it', async () => {
  const stage = await sharedRegions()
  const { iad, start, manager, yyz } = stage
  const token = await signIn(yyz, manager, PASSWORD)
  const lost = await startRegionProxy({ iad, yyz: await start('lhr') }, 'iad') // the server of yyz is really in lhr
  cleanups.push(() => lost.close())
  const refused = await call(lost.url, 'sync.push', pushOf(stage), { token })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  expect(refused.body.error.data.refusal).toBe('unavailable')
  const unknown = await call(lost.url, 'sync.pull', { cursor: null }, { token: `${token}x`, get: true })
  expect([unknown.status, unknown.headers.get('retry-after')]).toEqual([503, '2'])
  expect(unknown.body.error.data.refusal).toBe('unavailable')
  expect(lost.replayed).toEqual(['/trpc/sync.push yyz', '/trpc/sync.pull yyz'])
}, 60_000)

test('a request too large to be replayed gets a remedy, and a malformed one is refused here as well', async () => {
  const stage = await sharedRegions()
  const { proxy, manager, iad, yyz } = stage
  const token = await signIn(proxy.url, manager, PASSWORD)
  proxy.replayed.length = 0
  const large = JSON.stringify({ ...pushOf(stage), filling: 'x'.repeat(1_100_000) })
  const { status, body } = await call(proxy.url, 'sync.push', undefined, { token, raw: large })
  expect(status).toBe(413)
  expect(body.error.message).toContain('fly-prefer-region: yyz')
  expect(body.error.data.refusal).toBe('too_large')
  const streamed = await fetch(`${iad}/trpc/imports.products`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: new Blob(['sku,name\n']).stream(),
    duplex: 'half',
  } as RequestInit)
  expect(streamed.status).toBe(413)
  const garbage = await call(proxy.url, 'sync.pull', { limit: 'many' }, { token, get: true })
  expect(garbage.status).toBe(400)
  expect(proxy.replayed).toEqual([])
  expect((await fetch(`${proxy.url}/readyz`)).status).toBe(200)
  expect((await call(yyz, 'sync.pull', { cursor: null }, { token, get: true })).status).toBe(200)
}, 60_000)

test('a server whose database became a replica refuses writes and asks to retry', async () => {
  const stage = await startPrimaryAndStandby(parts, cleanups)
  const token = await (async () => {
    const server = await startServerProcess({ databaseUrl: stage.databaseUrl, port: await freePort() })
    cleanups.push(server.kill)
    return signIn(server.url, stage.manager, PASSWORD)
  })()
  await stage.standby.caughtUp()
  const server = await startServerProcess({ databaseUrl: stage.standby.url, port: await freePort() })
  cleanups.push(server.kill)
  const answer = await call(server.url, 'sync.push', pushOf(stage as unknown as Stage), { token })
  expect([answer.status, answer.body.error.data.refusal, answer.headers.get('retry-after')]).toEqual([
    503,
    'unavailable',
    '2',
  ])
}, 60_000)
