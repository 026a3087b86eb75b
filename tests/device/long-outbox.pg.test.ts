// An outbox of fifty thousand mutations, as after weeks without a connection, against a real server.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { effect, signal } from '@preact/signals'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PUSH_MAX, PUSH_MAX_BYTES } from '#shared/protocol/limits.ts'
import { formatStamp, stampDevice } from '#shared/values/stamp.ts'
import type { OutboxEntry } from '../../client/device/records.ts'
import { DeviceDatabase } from '../../client/device/storage/database.ts'
import { Device } from '../../client/device/device.ts'
import { trpcTransport } from '../../client/sync/trpc-transport.ts'
import type { SyncTransport } from '../../client/sync/sync-transport.ts'
import { Sync } from '../../client/sync/sync.ts'
import { PASSWORD, readRows, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { TestServer } from '../support/test-server.ts'
import { signIn, startTestServer } from '../support/test-server.ts'

const WAITING = 50_000
const ITEMS = 200
const HOUR = 3_600_000

const parts = useLedger()
const binId = randomUUID()
const itemIds = Array.from({ length: ITEMS }, () => randomUUID())
let server: TestServer
let real: SyncTransport
const session = { token: async () => token, forgetToken: () => undefined, expired: signal(false) }
let token: string

beforeAll(async () => {
  const made = new TestDevice(parts, parts.manager)
  await made.push(
    made.mutation('location.create', { id: binId, name: 'Bin' }),
    ...itemIds.map((id, i) => made.mutation('item.create', { id, name: `Item ${i}` })),
  )
  server = await startTestServer(parts.urls.url)
  const { domain } = parts
  token = await signIn(server.url, `manager@${domain}`, PASSWORD)
  real = trpcTransport(session, server.url)
})
afterAll(() => server.stop())

const open = (name: string) => Device.open({ name, actor: { userId: parts.manager, role: 'manager' } })

/** A device that has all rows, and its sync. */
async function joined(name: string, transport: SyncTransport = real): Promise<{ device: Device; sync: Sync }> {
  const device = await open(name)
  const sync = new Sync({ device, session, transport })
  sync.start()
  await until(() => device.syncPoint.value.complete && sync.status.value.link === 'online', 10_000)
  return { device, sync }
}

/** Fills the outbox at once with what a person would record over weeks. */
async function fill(name: string): Promise<void> {
  const database = new DeviceDatabase(name)
  const identity = (await database.readMeta('identity'))!
  const from = Date.now() - HOUR
  const stampOf = (i: number) => formatStamp({ ms: from + i, counter: 0, device: stampDevice(identity.clientId) })
  await database.outbox.bulkAdd(
    Array.from({ length: WAITING }, (_, i): OutboxEntry => {
      const [seq, at] = [identity.nextSeq + i, stampOf(i)]
      const args = { itemId: itemIds[i % ITEMS], locationId: binId, quantity: 1 }
      return { seq, at, envelope: { seq, id: randomUUID(), name: 'stock.receive', args, at, seen: 1 } }
    }),
  )
  await database.writeMeta('identity', {
    ...identity,
    nextSeq: identity.nextSeq + WAITING,
    lastStamp: stampOf(WAITING - 1),
  })
  database.close()
}

async function until(fits: () => boolean, withinMs: number): Promise<void> {
  const end = Date.now() + withinMs
  while (!fits()) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

const middle = (times: number[]) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!

test(
  '[D18] with fifty thousand pending mutations the next is saved as fast as the first, and all are sent in portions',
  { timeout: 300_000 },
  async ({ annotate }) => {
    const [name, emptyName] = [randomUUID(), randomUUID()]
    for (const each of [name, emptyName]) {
      const { device, sync } = await joined(each)
      await sync.stop()
      device.close()
    }
    await fill(name)
    const times = { full: [] as number[], empty: [] as number[], updates: [] as number[] }
    const start = performance.now()
    const full = await open(name)
    const opened = performance.now() - start
    const empty = await open(emptyName)
    expect(full.pendingCount.value).toBe(WAITING)
    const receive = (device: Device) => () =>
      device.record('stock.receive', { itemId: itemIds[0]!, locationId: binId, quantity: 1 })
    for (let i = 0; i < 15; i++) {
      times.full.push(await timed(receive(full)))
      times.empty.push(await timed(receive(empty)))
    }
    const [one, first] = [middle(times.full), middle(times.empty)]
    expect(one).toBeLessThan(Math.max(5 * first, 20))
    full.close()
    empty.close()

    const pushes: { count: number; bytes: number }[] = []
    const counting: SyncTransport = {
      ...real,
      subscribe: () => () => undefined, // live messages would acknowledge every push at once
      push: (request) => {
        pushes.push({ count: request().mutations.length, bytes: Buffer.byteLength(JSON.stringify(request())) })
        return real.push(request)
      },
    }
    const device = await open(name)
    const sync = new Sync({ device, session, transport: counting })
    const left: number[] = []
    const stop = effect(() => void left.push(device.pendingCount.value))
    const applyUpdate = device.applyUpdate.bind(device)
    device.applyUpdate = async (update) => void times.updates.push(await timed(() => applyUpdate(update)))
    const drained = await timed(async () => {
      sync.start()
      await until(() => device.pendingCount.value === 0 && device.syncPoint.value.complete, 240_000)
    })
    stop()
    expect(Math.max(...pushes.map(({ count }) => count))).toBeLessThanOrEqual(PUSH_MAX)
    expect(Math.max(...pushes.map(({ bytes }) => bytes))).toBeLessThan(PUSH_MAX_BYTES)
    expect(pushes.reduce((sum, { count }) => sum + count, 0)).toBe(WAITING + 15)
    // Portions are small enough for the page to stay responsive and for the browser to store them.
    expect(Math.max(...left.slice(1).map((count, i) => left[i]! - count))).toBeLessThanOrEqual(5_500)
    const expected = itemIds.map((_, i) => (WAITING / ITEMS + (i === 0 ? 15 : 0)) * 1000)
    expect(itemIds.map((id) => device.queries.position(id, binId).quantity)).toEqual(expected)
    const rows = new Map((await readRows(parts, 'positions')).map(({ itemId, quantity }) => [itemId, quantity]))
    expect(itemIds.map((id) => rows.get(id))).toEqual(expected)
    const longest = Math.max(...times.updates)
    await annotate(JSON.stringify({ opened, one, first, drained, pushes: pushes.length, longest }))
    await sync.stop()
    device.close()
  },
)
