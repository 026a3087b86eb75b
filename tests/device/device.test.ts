// The device alone: its storage (on fake-indexeddb, because there is no browser here), its clock, and its replicator
// with a server whose answers are simulated. sync.pg.test.ts tests the same with the real server.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Dexie } from 'dexie'
import { afterEach, expect, test, vi } from 'vitest'
import type { PullAnswer, PullRequest, PushAnswer } from '#shared/protocol/wire.ts'
import type { WireTables } from '#shared/rows/rows.ts'
import { encodeTable } from '#shared/rows/rows.ts'
import { formatStamp, stampMs } from '#shared/values/stamp.ts'
import type { OutboxEntry, SyncPoint } from '../../client/device/records.ts'
import { DeviceDatabase } from '../../client/device/storage/database.ts'
import type { TabMessage } from '../../client/device/sync-update.ts'
import { itemRow, locationRow, tablesOf } from './support/sample-rows.ts'
import { StaleTabError } from '../../client/device/sync-update.ts'
import { Device } from '../../client/device/device.ts'
import { NewerDatabaseError, readPendingFrom } from '../../client/device/storage/device-storage.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import { Replicator } from '../../client/sync/replicator.ts'
import { trpcTransport } from '../../client/sync/trpc-transport.ts'
import type { PushRequest, SyncTransport } from '../../client/sync/sync-transport.ts'
import { RequestError } from '../../client/sync/sync-transport.ts'

const clientOf = async (device: Device) => (await device.queue.identity()).clientId

const HOUR = 3_600_000
const NOON = Date.UTC(2026, 10, 22, 12)
const [itemId, binId] = [randomUUID(), randomUUID()]
const AT = { itemId, locationId: binId }

/** Clocks that the test sets, and a server that has one item in one bin. */
class World {
  wall = NOON
  monotonic = 1_000
  serverNow = NOON
  epoch = 1
  version = 7
  lastSeq = 0
  pulls: PullRequest[] = []
  pushes: PushRequest[] = []
  readonly name = randomUUID()
  readonly clock: Clock = { ...systemClock, now: () => this.wall, monotonic: () => this.monotonic }
  onPush: (request: PushRequest) => Partial<PushAnswer> = () => ({})
  onPull: (request: PullRequest) => Partial<PullAnswer> = () => ({})

  readonly link: SyncTransport = {
    subscribe: () => () => undefined,
    push: async (ask) => {
      const request = ask()
      this.pushes.push(structuredClone(request))
      const more = this.onPush(request)
      this.lastSeq = request.mutations.at(-1)?.seq ?? this.lastSeq
      const { version, lastSeq, serverNow } = this
      const results = request.mutations.map(({ seq }) => ({ seq, status: 'applied' as const }))
      return { version, lastSeq, lastAt: null, serverNow, results, ...more }
    },
    pull: async (request) => {
      this.pulls.push(request)
      const { epoch, version, lastSeq, serverNow } = this
      const answer = { epoch, version, cursor: `v${version}`, more: false, lastSeq, lastAt: null, serverNow }
      return { ...answer, tables: request.cursor === null ? goods() : {}, ...this.onPull(request) }
    },
  }

  pass(ms: number): void {
    this.wall += ms
    this.monotonic += ms
    this.serverNow += ms
  }

  async open(): Promise<Device> {
    const { name, clock } = this
    const actor = { userId: randomUUID(), role: 'manager' as const }
    const device = await Device.open({ name, actor, now: clock.now, monotonic: clock.monotonic })
    opened.push(device)
    return device
  }

  /** A device that has all rows, and its replicator. */
  async synced(): Promise<{ device: Device; exchange: Replicator }> {
    const device = await this.open()
    const replicator = new Replicator({ device, transport: this.link, clock: this.clock })
    await round(replicator)
    return { device, exchange: replicator }
  }

  /** The pending mutations, read from the disk past the device. */
  async outbox(): Promise<OutboxEntry[]> {
    const database = new DeviceDatabase(this.name)
    const entries = await database.outbox.orderBy('seq').toArray()
    database.close()
    return entries
  }
}

const idle = new AbortController().signal
const opened: Device[] = []
afterEach(() => {
  for (const device of opened.splice(0)) device.close()
  vi.unstubAllGlobals()
})

function goods(version = 7, name = 'Coffee'): WireTables {
  return tablesOf({
    items: [itemRow(itemId, name, { version })],
    locations: [locationRow(binId, 'Bin', { version })],
  })
}

/** Sends pending mutations and fetches changes. */
async function round(replicator: Replicator): Promise<void> {
  await replicator.push(idle)
  await replicator.pull(idle, () => undefined)
}
const receive = (device: Device, quantity: number) => device.record('stock.receive', { ...AT, quantity })
const shown = (device: Device) => device.queries.position(itemId, binId).quantity
const stamps = async (world: World) => (await world.outbox()).map(({ envelope }) => stampMs(envelope.at) - NOON)

test('[T6] if the clock is set back while offline, pending mutations keep their age and later ones stay later', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  world.pass(HOUR)
  await receive(device, 2)
  await device.clock.correctJump()
  world.wall -= 5 * HOUR
  await device.clock.correctJump()
  world.pass(HOUR)
  await receive(device, 3)
  expect((await stamps(world)).map((ms) => ms / HOUR)).toEqual([-5, -4, -3])
  expect(shown(device)).toBe(6000)
})

test('[T6] the stamps in the arguments of a pending mutation move with it', async () => {
  const world = new World()
  const { device } = await world.synced()
  const since = formatStamp({ ms: NOON - HOUR, counter: 0, device: '00000000' })
  await device.record('stock.count', { ...AT, counted: 5, since })
  await device.clock.correctJump()
  world.wall -= 5 * HOUR
  await device.clock.correctJump()
  const [entry] = await world.outbox()
  expect((stampMs((entry!.envelope.args as { since: string }).since) - NOON) / HOUR).toBe(-6)
})

test('[T6] after sleep, which stops the monotonic clock, the server’s time shows that pending stamps must not move', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await device.clock.correctJump()
  await receive(device, 1)
  world.wall += 8 * HOUR
  world.serverNow += 8 * HOUR
  expect(await device.clock.correctJump()).toBe(true) // unresolved
  await receive(device, 2)
  await replicator.push(idle)
  expect(world.pulls.at(-1)?.limit).toBe(1) // asked the server for its time before sending
  expect(world.pushes.at(-1)!.mutations.map(({ at }) => (stampMs(at) - NOON) / HOUR)).toEqual([0, 8])
})

test('[T6] if the clock is set forward, earlier stamps move by as much as the server’s time shows', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await device.clock.correctJump()
  await receive(device, 1)
  world.pass(HOUR)
  world.wall += 48 * HOUR
  await device.clock.correctJump()
  await receive(device, 2)
  await replicator.push(idle)
  const { mutations, deviceNow } = world.pushes.at(-1)!
  expect(mutations.map(({ at }) => (deviceNow - stampMs(at)) / HOUR)).toEqual([1, 0])
  expect(await device.clock.correctJump()).toBe(false)
})

test('[T6] if a restart finds the clock behind the last stamp, pending mutations move before now, then by the known error', async () => {
  const world = new World()
  world.wall += 48 * HOUR // wrong from the start, and the server says so
  const first = await world.synced()
  await receive(first.device, 1)
  first.device.close()
  world.wall += 2 * HOUR - 48 * HOUR // two hours later, and set right
  world.serverNow += 2 * HOUR
  world.monotonic = 0
  const device = await world.open()
  await device.clock.correctJump()
  expect((await stamps(world)).map((ms) => ms / HOUR)).toEqual([2])
  await receive(device, 2)
  const replicator = new Replicator({ device, transport: world.link, clock: world.clock })
  await replicator.push(idle)
  expect(world.pushes.at(-1)!.mutations.map(({ at }) => (stampMs(at) - NOON) / HOUR)).toEqual([0, 2])
})

test('[T8] pending mutations are ordered again once the server’s clock is known better', async () => {
  const world = new World()
  world.serverNow = NOON + 3 * HOUR
  const device = await world.open()
  const replicator = new Replicator({ device, transport: world.link, clock: world.clock })
  await device.applyUpdate({
    tables: goods(),
    point: { ...POINT, cursor: 'v7', clockOffsetMs: 0 },
    lastSeq: 0,
    clientId: await clientOf(device),
  })
  await device.record('stock.count', { ...AT, counted: 5 })
  const countedAt = () => stampMs(device.queries.position(itemId, binId).countedAt!) - NOON
  expect(countedAt()).toBe(0)
  await replicator.pull(idle, () => undefined)
  expect(countedAt() / HOUR).toBe(3)
})

const POINT: SyncPoint = {
  cursor: null,
  epoch: 1,
  version: 7,
  complete: true,
  asOf: NOON,
  clockOffsetMs: 0,
  lastAt: null,
}

test('[D12] an answer that cannot be written to disk does not change the screen, and is applied when it comes again', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  world.version = 8
  world.onPull = () => ({ tables: goods(8, 'Tea') })
  const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  await expect(replicator.pull(idle, () => undefined)).rejects.toThrow(/full/)
  full.mockRestore()
  expect([device.queries.item(itemId)?.name, device.syncPoint.value.version]).toEqual(['Coffee', 7])
  await replicator.pull(idle, () => undefined)
  expect([device.queries.item(itemId)?.name, device.syncPoint.value.version]).toEqual(['Tea', 8])
  device.close()
  expect((await world.open()).queries.item(itemId)?.name).toBe('Tea')
})

test('[D1] a mutation that cannot be written to disk is not shown or counted, and recording it fails', async () => {
  const world = new World()
  const { device } = await world.synced()
  const full = vi.spyOn(IDBObjectStore.prototype, 'add').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  await expect(receive(device, 1)).rejects.toThrow(/full/)
  full.mockRestore()
  expect([shown(device), device.pendingCount.value, await world.outbox()]).toEqual([0, 0, []])
  await receive(device, 2)
  expect([shown(device), device.pendingCount.value]).toEqual([2000, 1])
})

test('[D12] a tab that followed and then leads stores all rows in the right chunks', async () => {
  const world = new World()
  const { device: leader, exchange: replicator } = await world.synced()
  const follower = await world.open()
  leader.notifyTabs = (message) => void follower.handleTabMessage(structuredClone(message))
  const many = (from: number, version: number): WireTables => ({
    lots: encodeTable(
      'lots',
      Array.from({ length: 1500 }, (_, i) => ({ itemId, lot: `L${from + i}`, expiresOn: null, version })),
    ),
  })
  for (const [from, version] of [
    [0, 8],
    [1500, 9],
  ] as const) {
    world.version = version
    world.onPull = () => ({ tables: many(from, version) })
    await replicator.pull(idle, () => undefined)
  }
  world.version = 10
  world.onPull = () => ({ tables: many(3000, 10) })
  const next = new Replicator({ device: follower, transport: world.link, clock: world.clock })
  await next.pull(idle, () => undefined)
  expect((await world.open()).rowCount).toBe(4502)
})

test('[D5] during a resnapshot the old rows stay readable, also after a restart, and the outbox stays', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 4)
  let pages = 0
  world.onPull = ({ cursor, atLeast }) => {
    if (cursor === 'v7') throw new RequestError({ refusal: 'resnapshot' })
    pages += 1
    expect(atLeast).toBe(7) // a server that is behind must not answer
    expect([device.queries.item(itemId)?.name, shown(device)]).toEqual(['Coffee', 4000])
    if (pages === 1) return { tables: goods(9, 'Tea'), more: true, cursor: 'page' }
    if (pages === 2) throw new RequestError({})
    return { tables: {}, version: 9, cursor: 'v9' }
  }
  await expect(replicator.pull(idle, () => undefined)).rejects.toThrow()
  const restarted = await world.open()
  expect([restarted.queries.item(itemId)?.name, shown(restarted)]).toEqual(['Coffee', 4000])
  restarted.close()
  await replicator.pull(idle, () => undefined) // continues at the last page
  expect(world.pulls.at(-1)?.cursor).toBe('page')
  expect([device.queries.item(itemId)?.name, shown(device), device.pendingCount.value]).toEqual(['Tea', 4000, 1])
  device.close()
  const again = await world.open()
  expect([again.queries.item(itemId)?.name, again.syncPoint.value.cursor]).toEqual(['Tea', 'v9'])
})

test('[D5] in a new epoch last week’s mutations are sent first, at their effective stamps, then the pending ones, with their ids', async () => {
  const world = new World()
  world.wall += 5 * HOUR // this device's clock is fast, and the server corrects it
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  await receive(device, 2)
  world.onPush = ({ mutations }) => ({
    results: mutations.map(({ seq, at }, i) => ({
      seq,
      status: 'applied' as const,
      at: `${(NOON - HOUR + i).toString(16).padStart(12, '0')}${at.slice(12)}`,
    })),
  })
  await round(replicator)
  expect(device.pendingCount.value).toBe(0)
  await receive(device, 3)
  const [third] = await world.outbox()
  const { clientId } = await device.queue.identity()
  await device.startOver({ newIdentity: true, resend: true })
  const entries = await world.outbox()
  expect(entries.map(({ seq, envelope }) => [seq, envelope.seq, envelope.args])).toEqual(
    [1, 2, 3].map((n) => [n, n, { ...AT, quantity: n }]),
  )
  // The server subtracts five hours again, so they are where they were.
  expect(entries.map(({ envelope }) => stampMs(envelope.at) - 5 * HOUR - NOON)).toEqual([-HOUR, -HOUR + 1, 0])
  const { seen, ...unseen } = third!.envelope
  expect(seen).toBe(7)
  expect(entries[2]!.envelope).toEqual({ ...unseen, seq: 3 }) // versions are valid only within an epoch
  expect((await device.queue.identity()).clientId).not.toBe(clientId)
  expect(device.syncPoint.value).toMatchObject({ epoch: 0, cursor: null })
})

test('[D5] a server restored with other secrets answers resnapshot, and the epoch of its rows shows the restore', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  await round(replicator)
  world.epoch = world.serverNow
  world.lastSeq = 0
  world.onPull = ({ cursor }) => {
    if (cursor === 'v7') throw new RequestError({ refusal: 'resnapshot' })
    return {}
  }
  await replicator.pull(idle, () => undefined)
  expect(device.syncPoint.value.epoch).toBe(world.epoch)
  const { epoch, mutations } = world.pushes.at(-1)!
  expect([world.pushes.length, epoch, mutations.map(({ args }) => args)]).toEqual([
    2,
    world.epoch,
    [{ ...AT, quantity: 1 }],
  ])
})

test('[D2][D5] in a new epoch pending mutations are sent before the rows are fetched, because these may include them', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  let order: string[] = []
  world.onPull = ({ cursor, limit }) => {
    if (cursor === 'v7') throw new RequestError({ refusal: 'epoch_changed' })
    order.push(limit === 1 ? 'epoch' : 'rows')
    return {}
  }
  world.onPush = ({ epoch }) => {
    order.push(`push to ${epoch}`)
    return {}
  }
  await replicator.push(idle) // applied in a history that the device does not know yet
  order = []
  world.epoch = world.serverNow
  world.lastSeq = 0
  await replicator.pull(idle, () => undefined)
  expect(order).toEqual(['epoch', `push to ${world.epoch}`, 'rows'])
  expect(device.pendingCount.value).toBe(0)
})

test('[D5] a crash while starting over leaves everything as it was', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  await round(replicator)
  await receive(device, 2)
  const before = [await world.outbox(), await device.queue.identity(), device.syncPoint.value]
  const clear = vi.spyOn(IDBObjectStore.prototype, 'clear').mockImplementation(function (this: IDBObjectStore) {
    clear.mockRestore()
    const request = this.clear()
    this.transaction.abort()
    return request
  })
  await expect(device.startOver({ newIdentity: true, resend: true })).rejects.toThrow()
  device.close()
  const again = await world.open()
  expect([await world.outbox(), await again.queue.identity(), again.syncPoint.value]).toEqual(before)
  expect(shown(again)).toBe(2000)
})

test('[D13] storage deleted under the open app is rebuilt from memory without losing anything shown', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  await device.offlineMode.set(true, { waitForRetry: () => Promise.reject(new Error('stored at once')), signal: idle })
  const [first] = await world.outbox()
  await Dexie.delete(world.name)
  await device.queue.identity() // as the next sync does, before anything is recorded
  await receive(device, 2)
  expect([shown(device), device.pendingCount.value, device.recovery.loss.value]).toEqual([3000, 2, 'restored'])
  device.close()
  const again = await world.open()
  expect([shown(again), again.queries.item(itemId)?.name, again.offlineMode.isOn]).toEqual([3000, 'Coffee', true])
  expect((await world.outbox()).map(({ seq }) => seq)).toEqual([1, 2])
  expect((await world.outbox())[0]!.envelope.id).toBe(first!.envelope.id)
})

test('[D13] if the storage was deleted when another tab asks to reread it, the memory is kept', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  await Dexie.delete(world.name)
  await device.reread()
  expect([shown(device), device.pendingCount.value, device.recovery.loss.value]).toEqual([1000, 1, 'restored'])
  expect(await world.outbox()).toHaveLength(1)
})

test('[D13] if the storage is deleted right before starting over, pending mutations are still sent', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  for (const resend of [false, true]) {
    await Dexie.delete(world.name)
    await device.startOver({ newIdentity: true, resend })
    expect([shown(device), device.pendingCount.value, device.recovery.loss.value]).toEqual([1000, 1, 'restored'])
    expect(await world.outbox()).toHaveLength(1)
  }
})

test('[D13] after storage is deleted under the open app, unresolved scans stay unresolved, also after a restart', async () => {
  const world = new World()
  const { device } = await world.synced()
  const scan = { at: Date.now(), mode: 'receive', locationId: null }
  const first = await device.scans.store({ ...scan, code: '4006381333931' })
  await Dexie.delete(world.name)
  const second = await device.scans.store({ ...scan, code: '4006381333948' })
  await device.handleTabMessage({ kind: 'scans' }) // as sent by another tab that stores one
  device.close()
  const again = await world.open()
  expect(again.scans.unresolved.value.map(({ id }) => id).toSorted()).toEqual([first.id, second.id].toSorted())
})

test('[D13] storage rebuilt by a tab that did not know a movement yet gets it from the tab that recorded it', async () => {
  const world = new World()
  const { device } = await world.synced()
  const tab = await Device.open({ name: world.name, actor: { userId: randomUUID(), role: 'manager' } })
  await receive(device, 1)
  await receive(tab, 2)
  await Dexie.delete(world.name)
  await tab.reread()
  await device.handleTabMessage({ kind: 'reread' })
  await tab.reread()
  for (const one of [device, tab]) expect([shown(one), one.pendingCount.value]).toEqual([3000, 2])
  expect(new Set((await world.outbox()).map(({ envelope }) => envelope.id)).size).toBe(2)
  tab.close()
})

test('[D13] storage rebuilt by a tab that did not know a scan yet gets it from the tab that stored it', async () => {
  const world = new World()
  const { device } = await world.synced()
  const tab = await world.open()
  const scan = { at: Date.now(), mode: 'receive', locationId: null }
  const { id } = await tab.scans.store({ ...scan, code: '4006381333931' })
  await Dexie.delete(world.name)
  await device.queue.identity()
  await tab.handleTabMessage({ kind: 'scans' }) // as sent by the tab that rebuilt the storage
  await device.handleTabMessage({ kind: 'scans' })
  for (const { scans } of [device, tab]) expect(scans.unresolved.value.map((one) => one.id)).toEqual([id])
})

test('[D13] storage that is empty at the start, although data was stored before, is reported as gone', async () => {
  const remembered = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => remembered.get(key) ?? null,
    setItem: (key: string, value: string) => remembered.set(key, value),
  })
  const world = new World()
  const { device } = await world.synced()
  expect(device.recovery.loss.value).toBeUndefined()
  device.close()
  await Dexie.delete(world.name)
  const again = await world.open()
  expect(again.recovery.loss.value).toBe('gone')
  expect((await world.open()).recovery.loss.value).toBeUndefined()
})

test('a connection that the browser closes is opened again, however often', async () => {
  const world = new World()
  const connections: IDBDatabase[] = []
  const open = vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory, ...args) {
    const request = realOpen.apply(this, args)
    request.addEventListener('success', () => connections.push(request.result))
    return request
  })
  const { device } = await world.synced()
  for (let i = 1; i <= 5; i++) {
    for (const connection of connections) connection.close()
    await receive(device, 1)
    expect(device.pendingCount.value).toBe(i)
  }
  expect(connections.length).toBeGreaterThan(5)
  open.mockRestore()
})
const realOpen = IDBFactory.prototype.open

test('[D14] an older app reports that a newer one was here, leaves its data unchanged, and exports pending mutations', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  device.close()
  const newer = new DeviceDatabase(world.name)
  newer.version(99).stores({ future: 'id' })
  await newer.open()
  newer.close()
  await expect(world.open()).rejects.toThrow(NewerDatabaseError)
  const { outbox } = await readPendingFrom(world.name)
  expect(outbox.map(({ envelope }) => envelope.args)).toEqual([{ ...AT, quantity: 1 }])
  const unchanged = await new Dexie(world.name).open()
  expect([unchanged.verno, unchanged.tables.map(({ name }) => name)]).toEqual([99, expect.arrayContaining(['future'])])
  unchanged.close()
})

/** Fills a device's outbox with this many mutations at once. */
async function withOutbox(world: World, count: number, note: string): Promise<void> {
  const { device } = await world.synced()
  await receive(device, 1)
  device.close()
  const database = new DeviceDatabase(world.name)
  const [first] = await database.outbox.toArray()
  await database.outbox.bulkPut(
    Array.from({ length: count }, (_, i): OutboxEntry => {
      const args = { ...AT, quantity: 1, reference: note }
      const envelope = { ...first!.envelope, seq: i + 1, id: randomUUID(), args }
      return { ...first!, seq: i + 1, envelope }
    }),
  )
  const identity = (await database.readMeta('identity'))!
  await database.writeMeta('identity', { ...identity, nextSeq: count + 1 })
  database.close()
}

const bytesOf = (request: PushRequest) => Buffer.byteLength(JSON.stringify(request))

test('[D9] a half-open connection times out, and working offline ends the wait at once', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  const transport: SyncTransport = { ...world.link, push: () => new Promise(() => undefined) }
  const waits: number[] = []
  let passed = (): void => undefined
  const wait = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      waits.push(ms)
      passed = resolve
      signal?.addEventListener('abort', () => resolve())
    })
  const replicator = new Replicator({ device, transport, clock: { ...world.clock, wait } })
  const tooLong = replicator.push(idle)
  await vi.waitFor(() => expect(waits).toHaveLength(1))
  passed()
  await expect(tooLong).rejects.toThrow('no answer')
  const round = new AbortController()
  const ended = replicator.push(round.signal)
  await vi.waitFor(() => expect(waits).toHaveLength(2))
  round.abort()
  await expect(ended).rejects.toThrow(/abort/)
  expect([waits, device.pendingCount.value]).toEqual([[45_000, 45_000], 1])
})

test('[D15] a long outbox is sent in requests below 512 KB of UTF-8, whatever its characters', async () => {
  const world = new World()
  await withOutbox(world, 1_200, '棚卸し'.repeat(300)) // three bytes each
  const { device } = await world.synced()
  const sizes = world.pushes.map(bytesOf)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(512 * 1024)
  expect(sizes.slice(0, -1).every((size) => size > 490 * 1024)).toBe(true)
  expect(world.pushes.flatMap(({ mutations }) => mutations.map(({ seq }) => seq))).toHaveLength(1_200)
  expect(device.pendingCount.value).toBe(0)
})

test('[D15] behind a proxy with a lower limit requests get smaller, and then grow a little each time', async () => {
  const world = new World()
  await withOutbox(world, 600, 'x'.repeat(2_000))
  const refused: number[] = []
  world.onPush = (request) => {
    if (bytesOf(request) <= 100_000) return {}
    refused.push(bytesOf(request))
    throw new RequestError({ refusal: 'too_large' })
  }
  const { device } = await world.synced()
  expect(device.pendingCount.value).toBe(0)
  const taken = world.pushes.length - refused.length
  expect(taken).toBeLessThan(30)
  expect(refused.length).toBeLessThan(10)
})

test('[D11] a proxy’s own answers are understood', async () => {
  const answers = [
    [413, {}, { refusal: 'too_large' }],
    [429, { 'retry-after': '7' }, { refusal: 'rate_limited', retryAfterMs: 7_000 }],
    [502, {}, { refusal: 'unavailable' }],
    [503, { 'stockhand-protocol': '0' }, { refusal: 'unavailable', protocol: 0 }],
  ] as const
  let next = 0
  const proxy = createServer((_request, response) => {
    const [status, headers] = answers[next]!
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end('<h1>no</h1>')
  })
  await new Promise<void>((resolve) => proxy.listen(0, resolve))
  const session = { token: async () => 'token', forgetToken: () => undefined }
  const transport = trpcTransport(session, `http://localhost:${(proxy.address() as AddressInfo).port}`)
  for (; next < answers.length; next++) {
    const pushing = transport.push(() => ({ clientId: randomUUID(), epoch: 1, deviceNow: 0, mutations: [] }))
    await expect(pushing).rejects.toMatchObject(answers[next]![2])
  }
  proxy.close()
})

test('[T2] the clock is read when the request is sent, so a slow token does not make mutations older', async () => {
  const sent: { deviceNow: number }[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      sent.push(JSON.parse(Buffer.concat(parts).toString()) as { deviceNow: number })
      response.setHeader('content-type', 'application/json').end('{"result":{"data":{}}}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, resolve))
  let now = NOON
  const token = async () => {
    now += HOUR // the laptop was shut in between
    return 'token'
  }
  const session = { token, forgetToken: () => undefined }
  const clock = { ...systemClock, now: () => now }
  const transport = trpcTransport(session, `http://localhost:${(server.address() as AddressInfo).port}`, clock)
  await transport.push(() => ({ clientId: randomUUID(), epoch: 1, deviceNow: clock.now(), mutations: [] }))
  expect(sent[0]!.deviceNow).toBeGreaterThanOrEqual(NOON + HOUR)
  server.close()
})

test('[D4] a mutation that another tab has just recorded is not mistaken for one that a copy of this device sent', async () => {
  const world = new World()
  const { device } = await world.synced()
  const tab = await Device.open({ name: world.name, actor: { userId: randomUUID(), role: 'manager' } })
  await receive(tab, 4)
  const [entry] = await tab.queue.after(0, 1)
  const point = { ...device.syncPoint.value, cursor: 'v9', version: 9 }
  await expect(
    device.applyUpdate({ tables: {}, point, lastSeq: entry!.seq, clientId: await clientOf(device) }),
  ).rejects.toBeInstanceOf(StaleTabError)
  expect([device.pendingCount.value, (await device.queue.after(0, 9)).length]).toEqual([1, 1])
  tab.close()
})

test('[D4] an acknowledgement for a former client id does not acknowledge anything, because its numbers differ', async () => {
  const world = new World()
  const { device } = await world.synced()
  for (let quantity = 1; quantity <= 3; quantity++) await receive(device, quantity)
  const before = await clientOf(device)
  const point = { ...device.syncPoint.value, cursor: 'v8', version: 8 }
  await device.applyUpdate({ tables: {}, point, lastSeq: 1, clientId: before })
  await Dexie.delete(world.name)
  expect(await clientOf(device)).not.toBe(before) // rebuilt from memory, numbered from 1 again
  // An answer and a message that were on their way during the rebuild.
  await device.queue.storeResults(before, [{ seq: 2, status: 'merged', code: 'absorbed_by_count' }])
  const late = { tables: {}, point: { ...point, cursor: 'v9', version: 9 }, lastSeq: 3, clientId: before }
  await expect(device.applyUpdate(late)).rejects.toBeInstanceOf(StaleTabError)
  expect((await world.outbox()).map(({ seq, answer }) => [seq, answer])).toEqual([
    [1, undefined],
    [2, undefined],
  ])
  expect([device.pendingCount.value, shown(device)]).toEqual([2, 5000])
})

test('[D8] a mutation from storage that was rebuilt since is not mistaken for the one with the same number here', async () => {
  const world = new World()
  const { device } = await world.synced()
  const other = await world.open()
  const message: TabMessage[] = []
  other.notifyTabs = (one) => message.push(one)
  await receive(device, 1)
  await Dexie.delete(world.name)
  await device.queue.identity() // rebuilt by this tab, whose next number is 2
  await receive(other, 5) // by a tab that knows neither the rebuild nor the mutation
  for (const one of message) await device.handleTabMessage(one)
  for (const each of [device, other]) expect([each.pendingCount.value, shown(each)]).toEqual([2, 6000])
  expect((await world.outbox()).map(({ seq }) => seq)).toEqual([1, 2])
})

test('[D15] a mutation that nothing lets through is skipped and reported, does not block others, and can be retried', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  await device.record('stock.receive', { ...AT, quantity: 2, reference: 'long'.repeat(9) })
  await receive(device, 3)
  let narrow = true
  world.onPush = (request) => {
    if (narrow && JSON.stringify(request).includes('longlong')) throw new RequestError({ refusal: 'too_large' })
    return {}
  }
  await round(replicator)
  const sent = world.pushes.at(-1)!.mutations
  expect(sent.map(({ seq, args }) => [seq, (args as { quantity: number }).quantity])).toEqual([[2, 3]])
  expect([device.pendingCount.value, device.queue.skipped.value.length]).toEqual([1, 1])
  expect(shown(device)).toBe(2000) // still shown, because it has happened
  await receive(device, 4)
  expect(device.queue.hasUpTo(3)).toBe(true)
  await round(replicator)
  expect([device.pendingCount.value, device.queue.hasUpTo(3), shown(device)]).toEqual([1, false, 2000])
  const asked = world.pushes.length
  await replicator.push(idle)
  expect(world.pushes.length).toBe(asked) // no retry loop
  narrow = false
  await device.queue.retrySkipped()
  await round(replicator)
  const [first, last] = [world.pushes[0]!, world.pushes.at(-1)!]
  expect(last.mutations).toMatchObject([{ args: { quantity: 2 } }])
  expect(last.mutations[0]!.at < sent[0]!.at).toBe(true) // at its own time, which the server keeps for another client id
  expect(last.clientId).not.toBe(first.clientId)
  expect([device.pendingCount.value, device.queue.skipped.value.length]).toEqual([0, 0])
})

test('[D15] a too large mutation is not skipped by a number that another one has since', async () => {
  const world = new World()
  const { device } = await world.synced()
  const tab = await world.open()
  await receive(device, 1)
  const [sent] = await device.queue.after(0, 1)
  // While the answer is on its way, a tab that did not know the mutation rebuilds the storage and records first.
  await Dexie.delete(world.name)
  await tab.queue.identity()
  await receive(tab, 4)
  await device.queue.skip(sent!.envelope)
  expect([device.queue.skipped.value, device.pendingCount.value, shown(device)]).toEqual([[], 2, 5000])
})

test('[D15] two mutations that are skipped at the same time are both kept, in order', async () => {
  const world = new World()
  const { device } = await world.synced()
  for (const quantity of [1, 2, 3]) await receive(device, quantity)
  for (const { envelope } of await device.queue.after(0, 2)) await device.queue.skip({ ...envelope, seq: 1 })
  const skipped = device.queue.skipped.value.map(({ envelope }) => (envelope.args as { quantity: number }).quantity)
  expect([skipped, device.pendingCount.value, shown(device)]).toEqual([[1, 2], 3, 6000])
})

test('[D2] a slow answer does not move pending mutations before a count that it contains', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 3)
  world.onPull = () => {
    const answeredAt = world.serverNow
    world.pass(5_000) // on the way back
    const countedAt = formatStamp({ ms: NOON - 1, counter: 0, device: 'ffffffff' })
    const counted = { itemId, locationId: binId, lot: '', quantity: 16_000, countedAt, countedId: randomUUID() }
    const positions = encodeTable('positions', [{ ...counted, countedSince: null, version: 8 }])
    return { version: 8, cursor: 'v8', serverNow: answeredAt, tables: { positions } }
  }
  await replicator.pull(idle, () => undefined)
  expect(shown(device)).toBe(19_000)
})

test('[D9] “as of” follows the server’s clock, however wrong the device’s clock is', async () => {
  const world = new World()
  world.wall -= 26 * HOUR
  const { device, exchange: replicator } = await world.synced()
  expect(device.syncPoint.value.asOf).toBe(NOON)
  world.pass(HOUR)
  world.wall += 26 * HOUR
  await round(replicator)
  expect(device.syncPoint.value.asOf).toBe(NOON + HOUR)
})

test('[D12] an update that another tab stored is read, and an answer that does not follow it is refused', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const other = await world.open() // and receives no message
  world.version = 8
  world.onPull = () => ({ tables: goods(8, 'Tea') })
  await replicator.pull(idle, () => undefined)
  const late = {
    tables: goods(8, 'Late'),
    point: { ...POINT, cursor: 'late', version: 8 },
    lastSeq: 0,
    clientId: await clientOf(other),
  }
  await expect(other.applyUpdate(late)).rejects.toThrow(StaleTabError)
  expect([other.queries.item(itemId)?.name, other.syncPoint.value.cursor]).toEqual(['Tea', 'v8'])
  device.close()
  expect((await world.open()).queries.item(itemId)?.name).toBe('Tea')
})

test('[D4] a page during the first sync does not acknowledge anything, because the rows may be on a later page', async () => {
  const world = new World()
  const device = await world.open()
  const loading = { ...POINT, cursor: 'page', complete: false }
  await device.applyUpdate({ tables: goods(), point: loading, lastSeq: 0, clientId: await clientOf(device) })
  await receive(device, 1)
  await device.applyUpdate({
    tables: {},
    point: { ...loading, cursor: 'page 2' },
    lastSeq: 1,
    clientId: await clientOf(device),
  })
  expect([device.pendingCount.value, shown(device), (await world.outbox()).length]).toEqual([1, 1000, 1])
  await device.applyUpdate({ tables: {}, point: POINT, lastSeq: 1, clientId: await clientOf(device) })
  expect([device.pendingCount.value, await world.outbox()]).toEqual([0, []])
})

test('[D8] a tab that missed a message reads everything again', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const follower = await world.open()
  const message: TabMessage[] = []
  device.notifyTabs = (what) => void message.push(structuredClone(what))
  for (const version of [8, 9]) {
    world.version = version
    world.onPull = () => ({ tables: goods(version, `Coffee ${version}`) })
    await replicator.pull(idle, () => undefined)
  }
  await follower.handleTabMessage(message[1]!)
  expect([follower.queries.item(itemId)?.name, follower.syncPoint.value.version]).toEqual(['Coffee 9', 9])
})

test('[D8] a mutation of another tab is shown once, even if it was read from disk before the message', async () => {
  const world = new World()
  const { device } = await world.synced()
  const follower = await world.open()
  const message: TabMessage[] = []
  device.notifyTabs = (what) => void message.push(structuredClone(what))
  await receive(device, 5)
  await follower.reread() // a third tab asked for it
  await follower.handleTabMessage(message[0]!)
  expect([shown(follower), follower.pendingCount.value]).toEqual([5000, 1])
})

test('[D8] a mutation confirmed before a tab receives the message about it is not pending there', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const recorder = await world.open()
  const message: TabMessage[] = []
  recorder.notifyTabs = (what) => void message.push(structuredClone(what))
  await receive(recorder, 5)
  // The leading tab sends every mutation on the disk, including those of other tabs.
  world.version = 8
  world.onPull = () => ({ lastSeq: 1, tables: goods(8) })
  await replicator.push(idle)
  await replicator.pull(idle, () => undefined)
  await device.handleTabMessage(message[0]!)
  expect([await world.outbox(), device.pendingCount.value]).toEqual([[], 0])
})

test('[D8] a scan that one tab stored, recorded or dismissed has the same state in the other', async () => {
  const world = new World()
  const { device } = await world.synced()
  const follower = await world.open()
  device.notifyTabs = (what) => void follower.handleTabMessage(structuredClone(what))
  const store = (code: string) => device.scans.store({ code, at: Date.now(), mode: 'receive', locationId: binId })
  const [one, two, three] = [await store('1'), await store('2'), await store('3')]
  const asked = () => follower.scans.unresolved.value.map(({ code }) => code).toSorted()
  await vi.waitFor(() => expect(asked()).toEqual(['1', '2', '3']))
  await device.record('stock.receive', { ...AT, quantity: 1 }, { scanId: one.id })
  await vi.waitFor(() => expect(asked()).toEqual(['2', '3']))
  await device.scans.dismiss([two.id], 'mistake')
  await device.scans.resolve(three.id)
  await vi.waitFor(() => expect(asked()).toEqual([]))
})

test('[Z1] a scan that is stored or resolved while the log is reloaded stays so', async () => {
  const { device } = await new World().synced()
  const store = (code: string) => device.scans.store({ code, at: Date.now(), mode: 'receive', locationId: binId })
  const [resolved, left] = [await store('1'), await store('2')]
  for (let round = 0; round < 5; round++) {
    const reading = device.scans.load()
    const [stored] = await Promise.all([store('3'), device.scans.dismiss([resolved.id], 'mistake')])
    await reading
    const asked = device.scans.unresolved.value.map(({ id }) => id)
    expect(asked).toEqual(expect.arrayContaining([left.id, stored.id]))
    expect(asked).not.toContain(resolved.id)
  }
})

test('a mutation that a following tab retries is sent by the leader', async () => {
  const world = new World()
  const { device: leader } = await world.synced()
  const follower = await world.open()
  follower.notifyTabs = (message) => void leader.handleTabMessage(structuredClone(message))
  await receive(follower, 5)
  await vi.waitFor(() => expect(leader.pendingCount.value).toBe(1))
  await leader.queue.skip((await leader.queue.after(0, 1))[0]!.envelope)
  const before = leader.queue.requests.value
  await follower.queue.retrySkipped()
  await vi.waitFor(() => expect(leader.queue.requests.value).toBeGreaterThan(before))
  expect(await leader.queue.after(0, 1)).toHaveLength(1)
})

test('[T6] however far the clock was set, earlier mutations stay before later ones', async () => {
  const world = new World()
  const device = await world.open()
  // The device's clock offset is not known well, so the server will report a bigger jump than there was.
  await device.applyUpdate({
    tables: goods(),
    point: { ...POINT, cursor: 'v7', clockOffsetMs: 0 },
    lastSeq: 0,
    clientId: await clientOf(device),
  })
  await device.clock.correctJump()
  await receive(device, 1)
  world.wall += HOUR
  await device.clock.correctJump()
  await receive(device, 2)
  await device.clock.resolveJump(-11 * HOUR)
  const [before, after] = await stamps(world)
  expect(before).toBeLessThanOrEqual(after!)
})

test('[D6] a mutation that was undone here cannot be undone again, whether it was sent in between or not', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const pending = (await receive(device, 1)) as { id: string }
  const sent = (await receive(device, 2)) as { id: string }
  await device.undo(pending.id)
  const twice = { saved: true, note: 'already_undone' }
  expect(await device.undo(pending.id)).toMatchObject(twice)
  await round(replicator)
  expect(await device.undo(pending.id)).toMatchObject(twice)
  expect(await device.undo(sent.id)).not.toHaveProperty('note')
  expect(await device.undo(sent.id)).toMatchObject(twice)
})

test('[D18] a SKU in pending mutations has one owner until that gives it up', async () => {
  const world = new World()
  const { device } = await world.synced()
  const make = (sku: string) => device.record('item.create', { id: randomUUID(), name: 'Tea', sku })
  const note = { saved: true, note: 'sku_taken' }
  const first = randomUUID()
  await device.record('item.create', { id: first, name: 'Tea', sku: 'T-1' })
  expect(await make('T-1')).toMatchObject(note)
  await device.record('item.update', { id: first, set: { sku: 'T-2' }, base: { sku: 'T-1' } })
  expect(await make('T-2')).toMatchObject(note)
  expect(await make('T-1')).not.toHaveProperty('note')
})

test('[D5] a server that lost acknowledged mutations gets them again, in order, before the pending ones', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  await round(replicator)
  await receive(device, 2)
  world.lastSeq = 0
  world.onPush = ({ mutations }) => {
    if (mutations[0]!.seq !== world.lastSeq + 1) throw new RequestError({ refusal: 'gap', lastSeq: world.lastSeq })
    return {}
  }
  await replicator.push(idle)
  expect(world.pushes.at(-1)!.mutations.map(({ seq }) => seq)).toEqual([1, 2])
})

test('[D5] if the server lost more than the device still has, the rest is sent under a new client id, once', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const send = async (quantity: number) => {
    await receive(device, quantity)
    await round(replicator)
  }
  await send(1)
  world.wall += 8 * 24 * HOUR
  world.monotonic += 8 * 24 * HOUR
  await send(2)
  await receive(device, 3)
  const { clientId } = await device.queue.identity()
  world.lastSeq = 0
  let refusals = 0
  world.onPush = ({ mutations }) => {
    if (mutations[0]!.seq === world.lastSeq + 1) return {}
    if ((refusals += 1) > 5) throw new Error('it retries without end')
    throw new RequestError({ refusal: 'gap', lastSeq: world.lastSeq })
  }
  await replicator.push(idle)
  const { clientId: other, mutations } = world.pushes.at(-1)!
  expect(other).not.toBe(clientId)
  expect(mutations.map(({ seq, args }) => [seq, (args as { quantity: number }).quantity])).toEqual([
    [1, 2],
    [2, 3],
  ])
})

test('[D6] undoing a pending count shows the quantity before it, also after a restart', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 3)
  const count = (await device.record('stock.count', { ...AT, counted: 9 })) as { id: string }
  await device.undo(count.id)
  expect(shown(device)).toBe(3000)
  device.close()
  expect(shown(await world.open())).toBe(3000)
})

test('[D9] decided mutations are shown as synced and pending ones as saved, newest first', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  await round(replicator)
  await receive(device, 2)
  await receive(device, 3)
  const states = (which: Device) =>
    which.history.value.map(({ envelope, state }) => [(envelope.args as { quantity: number }).quantity, state])
  const expected = [
    [3, 'saved'],
    [2, 'saved'],
    [1, 'synced'],
  ]
  expect(states(device)).toEqual(expected)
  device.close()
  expect(states(await world.open())).toEqual(expected)
})

test('[D4] a mutation that a copy of this device sent under the same number does not acknowledge anything here', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 3)
  world.lastSeq = 1 // from the copy, because this device has not sent yet
  world.onPush = ({ clientId }) => {
    if (world.pushes.some((push) => push.clientId !== clientId)) return {}
    throw new RequestError({ refusal: 'seq_reused', lastSeq: 1 })
  }
  await replicator.pull(idle, () => undefined)
  expect(world.pushes.map(({ mutations }) => mutations.length)).toEqual([1, 1]) // refused, and sent under a new id
  expect(new Set(world.pushes.map(({ clientId }) => clientId)).size).toBe(2)
  expect(world.pushes[1]!.mutations[0]!.id).toBe(world.pushes[0]!.mutations[0]!.id)
})

test('a search lists items in stock or used lately before others that match as well', async () => {
  const { device } = await new World().synced()
  const create = async (name: string) => {
    const id = device.newId()
    await device.record('item.create', { id, name })
    return id
  }
  const [first, second, third] = [await create('Cup 1'), await create('Cup 2'), await create('Cup 3')]
  const found = () => device.queries.search('cup', { limit: 10 }).ids
  expect(found()).toEqual([first, second, third])
  await device.record('stock.receive', { itemId: third, locationId: binId, quantity: 1 })
  expect(found()).toEqual([third, first, second])
  await device.record('stock.withdraw', { itemId: second, locationId: binId, quantity: 1 })
  expect(found()).toEqual([second, third, first])
})
