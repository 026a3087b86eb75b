// The device alone: its storage (fake-indexeddb: there is no browser here), its clock, and its exchange with a server of
// which only the answers are simulated. What the real server answers is tested in sync.pg.test.ts.
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
import { madeItem, madeLocation, tablesOf } from './made-rows.ts'
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

/** Clocks that the test sets, and a server that knows one item in one bin. */
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

  /** A device that holds everything, with how it talks to the server. */
  async synced(): Promise<{ device: Device; exchange: Replicator }> {
    const device = await this.open()
    const replicator = new Replicator({ device, transport: this.link, clock: this.clock })
    await round(replicator)
    return { device, exchange: replicator }
  }

  /** What waits, read past the device. */
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
    items: [madeItem(itemId, name, { version })],
    locations: [madeLocation(binId, 'Bin', { version })],
  })
}

/** Sends what waits and fetches what is new. */
async function round(replicator: Replicator): Promise<void> {
  await replicator.push(idle)
  await replicator.pull(idle, () => undefined)
}
const receive = (device: Device, quantity: number) => device.record('stock.receive', { ...AT, quantity })
const shown = (device: Device) => device.queries.position(itemId, binId).quantity
const stamps = async (world: World) => (await world.outbox()).map(({ envelope }) => stampMs(envelope.at) - NOON)

test('[T6] the clock set back while offline: what waits keeps its age, and what comes after is later', async () => {
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

test('[T6] the stamps inside a mutation are moved with it: when a count began, when stock left its place', async () => {
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

test('[T6] sleep stops the monotonic clock: what waits is not moved, once the server has told the time', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await device.clock.correctJump()
  await receive(device, 1)
  world.wall += 8 * HOUR
  world.serverNow += 8 * HOUR
  expect(await device.clock.correctJump()).toBe(true) // in doubt
  await receive(device, 2)
  await replicator.push(idle)
  expect(world.pulls.at(-1)?.limit).toBe(1) // asked for its clock before anything was sent
  expect(world.pushes.at(-1)!.mutations.map(({ at }) => (stampMs(at) - NOON) / HOUR)).toEqual([0, 8])
})

test('[T6] the clock set forward: what was stamped before is moved along by as much as the server says', async () => {
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

test('[T6] a restart finds the clock behind the last stamp: what waits is moved behind now, then by what is known', async () => {
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

test('[T8] what waits is placed anew, in order, when the server’s clock is known better', async () => {
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

test('[D12] an answer that the disk refuses changes nothing that is shown, and is taken when it comes again', async () => {
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

test('[D1] a record that the disk refuses is not shown, not counted, and says so', async () => {
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

test('[D12] a tab that followed another and then leads keeps all rows in their places', async () => {
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

test('[D5] while all is loaded anew the old rows stay readable, also over a restart, and the outbox stays', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 4)
  let pages = 0
  world.onPull = ({ cursor, atLeast }) => {
    if (cursor === 'v7') throw new RequestError({ refusal: 'resnapshot' })
    pages += 1
    expect(atLeast).toBe(7) // nobody who lags answers
    expect([device.queries.item(itemId)?.name, shown(device)]).toEqual(['Coffee', 4000])
    if (pages === 1) return { tables: goods(9, 'Tea'), more: true, cursor: 'page' }
    if (pages === 2) throw new RequestError({})
    return { tables: {}, version: 9, cursor: 'v9' }
  }
  await expect(replicator.pull(idle, () => undefined)).rejects.toThrow()
  const restarted = await world.open()
  expect([restarted.queries.item(itemId)?.name, shown(restarted)]).toEqual(['Coffee', 4000])
  restarted.close()
  await replicator.pull(idle, () => undefined) // goes on where it was
  expect(world.pulls.at(-1)?.cursor).toBe('page')
  expect([device.queries.item(itemId)?.name, shown(device), device.pendingCount.value]).toEqual(['Tea', 4000, 1])
  device.close()
  const again = await world.open()
  expect([again.queries.item(itemId)?.name, again.syncPoint.value.cursor]).toEqual(['Tea', 'v9'])
})

test('[D5] another epoch: last week’s first, at the stamps the server gave them, then what waits; ids unchanged', async () => {
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
  // The server takes five hours off again: so they are where they were.
  expect(entries.map(({ envelope }) => stampMs(envelope.at) - 5 * HOUR - NOON)).toEqual([-HOUR, -HOUR + 1, 0])
  const { seen, ...unseen } = third!.envelope
  expect(seen).toBe(7)
  expect(entries[2]!.envelope).toEqual({ ...unseen, seq: 3 }) // versions are an epoch's own
  expect((await device.queue.identity()).clientId).not.toBe(clientId)
  expect(device.syncPoint.value).toMatchObject({ epoch: 0, cursor: null })
})

test('[D5] a server restored with other secrets cannot read the cursor and says no epoch: the rows’ epoch tells', async () => {
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

test('[D2][D5] in another epoch what waits goes out before the rows come: they may hold it already', async () => {
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
  await replicator.push(idle) // answered by a history that nobody has announced, where it took effect
  order = []
  world.epoch = world.serverNow
  world.lastSeq = 0
  await replicator.pull(idle, () => undefined)
  expect(order).toEqual(['epoch', `push to ${world.epoch}`, 'rows'])
  expect(device.pendingCount.value).toBe(0)
})

test('[D5] a crash in the middle of the new beginning leaves everything as it was', async () => {
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

test('[D13] storage deleted under the open app is made anew of what memory holds: nothing shown is lost', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  await device.offlineMode.set(true, { again: () => Promise.reject(new Error('kept at once')), signal: idle })
  const [first] = await world.outbox()
  await Dexie.delete(world.name)
  await device.queue.identity() // as the next attempt to synchronise asks, before anything is recorded
  await receive(device, 2)
  expect([shown(device), device.pendingCount.value, device.recovery.loss.value]).toEqual([3000, 2, 'restored'])
  device.close()
  const again = await world.open()
  expect([shown(again), again.queries.item(itemId)?.name, again.offlineMode.isOn]).toEqual([3000, 'Coffee', true])
  expect((await world.outbox()).map(({ seq }) => seq)).toEqual([1, 2])
  expect((await world.outbox())[0]!.envelope.id).toBe(first!.envelope.id)
})

test('[D13] storage deleted while another tab says to read it again: memory is kept, not forgotten', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 1)
  await Dexie.delete(world.name)
  await device.reread()
  expect([shown(device), device.pendingCount.value, device.recovery.loss.value]).toEqual([1000, 1, 'restored'])
  expect(await world.outbox()).toHaveLength(1)
})

test('[D13] storage deleted right before a new beginning: what waits is sent all the same', async () => {
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

test('[D13] storage deleted under the open app: scans that became nothing yet still ask, also when it opens again', async () => {
  const world = new World()
  const { device } = await world.synced()
  const scan = { at: Date.now(), mode: 'receive', locationId: null }
  const first = await device.scans.store({ ...scan, code: '4006381333931' })
  await Dexie.delete(world.name)
  const second = await device.scans.store({ ...scan, code: '4006381333948' })
  await device.handleTabMessage({ kind: 'scans' }) // as another tab says that stores one
  device.close()
  const again = await world.open()
  expect(again.scans.unresolved.value.map(({ id }) => id).toSorted()).toEqual([first.id, second.id].toSorted())
})

test('[D13] storage made anew by a tab that had not heard of a movement yet gets it from the tab that made it', async () => {
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

test('[D13] storage made anew by a tab that had not heard of a scan yet gets it from the tab that stored it', async () => {
  const world = new World()
  const { device } = await world.synced()
  const tab = await world.open()
  const scan = { at: Date.now(), mode: 'receive', locationId: null }
  const { id } = await tab.scans.store({ ...scan, code: '4006381333931' })
  await Dexie.delete(world.name)
  await device.queue.identity()
  await tab.handleTabMessage({ kind: 'scans' }) // as the tab says that has made it anew
  await device.handleTabMessage({ kind: 'scans' })
  for (const { scans } of [device, tab]) expect(scans.unresolved.value.map((one) => one.id)).toEqual([id])
})

test('[D13] storage found empty at the start, where something was kept before, is said to be gone', async () => {
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

test('a connection that the browser closes is opened again, as often as it takes', async () => {
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

test('[D14] an older app says that a newer one has been here, changes nothing, and saves what waits', async () => {
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

/** A device with so much waiting, put there in one go. */
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

test('[D9] a connection that is half open is given up, and a person’s "work offline" ends the wait at once', async () => {
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

test('[D15] a long outbox leaves in requests below 512 KB of UTF-8, whatever its letters', async () => {
  const world = new World()
  await withOutbox(world, 1_200, '棚卸し'.repeat(300)) // three bytes each
  const { device } = await world.synced()
  const sizes = world.pushes.map(bytesOf)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(512 * 1024)
  expect(sizes.slice(0, -1).every((size) => size > 490 * 1024)).toBe(true)
  expect(world.pushes.flatMap(({ mutations }) => mutations.map(({ seq }) => seq))).toHaveLength(1_200)
  expect(device.pendingCount.value).toBe(0)
})

test('[D15] a proxy that lets less through gets less, and a little more each time', async () => {
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

test('[D11] what a proxy answers in words of its own is understood', async () => {
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

test('[T2] what the clock reads is told as of sending: a token that took its time makes nothing older', async () => {
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
    now += HOUR // a laptop was shut meanwhile
    return 'token'
  }
  const session = { token, forgetToken: () => undefined }
  const clock = { ...systemClock, now: () => now }
  const transport = trpcTransport(session, `http://localhost:${(server.address() as AddressInfo).port}`, clock)
  await transport.push(() => ({ clientId: randomUUID(), epoch: 1, deviceNow: clock.now(), mutations: [] }))
  expect(sent[0]!.deviceNow).toBeGreaterThanOrEqual(NOON + HOUR)
  server.close()
})

test('[D4] what another tab has recorded meanwhile is not taken for what a copy of this device has sent', async () => {
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

test('[D4] what the server took of a client that this device is no more acknowledges nothing: the numbers are others', async () => {
  const world = new World()
  const { device } = await world.synced()
  for (let quantity = 1; quantity <= 3; quantity++) await receive(device, quantity)
  const before = await clientOf(device)
  const point = { ...device.syncPoint.value, cursor: 'v8', version: 8 }
  await device.applyUpdate({ tables: {}, point, lastSeq: 1, clientId: before })
  await Dexie.delete(world.name)
  expect(await clientOf(device)).not.toBe(before) // made anew of memory, numbered from the first again
  // An answer, and a message, that were under way all the while.
  await device.queue.storeResults(before, [{ seq: 2, status: 'merged', code: 'absorbed_by_count' }])
  const late = { tables: {}, point: { ...point, cursor: 'v9', version: 9 }, lastSeq: 3, clientId: before }
  await expect(device.applyUpdate(late)).rejects.toBeInstanceOf(StaleTabError)
  expect((await world.outbox()).map(({ seq, answer }) => [seq, answer])).toEqual([
    [1, undefined],
    [2, undefined],
  ])
  expect([device.pendingCount.value, shown(device)]).toEqual([2, 5000])
})

test('[D8] what a tab recorded in storage that was made anew meanwhile is not taken for what has its number here', async () => {
  const world = new World()
  const { device } = await world.synced()
  const other = await world.open()
  const message: TabMessage[] = []
  other.notifyTabs = (one) => message.push(one)
  await receive(device, 1)
  await Dexie.delete(world.name)
  await device.queue.identity() // made anew of what this tab knows, whose next number is 2
  await receive(other, 5) // by a tab that has heard of neither
  for (const one of message) await device.handleTabMessage(one)
  for (const each of [device, other]) expect([each.pendingCount.value, shown(each)]).toEqual([2, 6000])
  expect((await world.outbox()).map(({ seq }) => seq)).toEqual([1, 2])
})

test('[D15] what nothing lets through is set aside, said so, and holds up no other; a person can try it again', async () => {
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
  expect(shown(device)).toBe(2000) // still shown: it has happened
  await receive(device, 4)
  expect(device.queue.hasUpTo(3)).toBe(true)
  await round(replicator)
  expect([device.pendingCount.value, device.queue.hasUpTo(3), shown(device)]).toEqual([1, false, 2000])
  const asked = world.pushes.length
  await replicator.push(idle)
  expect(world.pushes.length).toBe(asked) // and nothing spins
  narrow = false
  await device.queue.retrySkipped()
  await round(replicator)
  const [first, last] = [world.pushes[0]!, world.pushes.at(-1)!]
  expect(last.mutations).toMatchObject([{ args: { quantity: 2 } }])
  expect(last.mutations[0]!.at < sent[0]!.at).toBe(true) // at its own time, which the server keeps for another client
  expect(last.clientId).not.toBe(first.clientId)
  expect([device.pendingCount.value, device.queue.skipped.value.length]).toEqual([0, 0])
})

test('[D15] what is too large by a number that another has meanwhile sets nothing aside', async () => {
  const world = new World()
  const { device } = await world.synced()
  const tab = await world.open()
  await receive(device, 1)
  const [sent] = await device.queue.after(0, 1)
  // While the answer is under way, a tab that had not heard of it makes the storage anew, and records first.
  await Dexie.delete(world.name)
  await tab.queue.identity()
  await receive(tab, 4)
  await device.queue.skip(sent!.envelope)
  expect([device.queue.skipped.value, device.pendingCount.value, shown(device)]).toEqual([[], 2, 5000])
})

test('[D15] two that are set aside at one moment are both kept, in their order', async () => {
  const world = new World()
  const { device } = await world.synced()
  for (const quantity of [1, 2, 3]) await receive(device, quantity)
  for (const { envelope } of await device.queue.after(0, 2)) await device.queue.skip({ ...envelope, seq: 1 })
  const aside = device.queue.skipped.value.map(({ envelope }) => (envelope.args as { quantity: number }).quantity)
  expect([aside, device.pendingCount.value, shown(device)]).toEqual([[1, 2], 3, 6000])
})

test('[D2] an answer that was long under way does not move what waits to before a count that it brings', async () => {
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

test('[D9] “as of” is told by the server’s clock, however wrong the device’s is', async () => {
  const world = new World()
  world.wall -= 26 * HOUR
  const { device, exchange: replicator } = await world.synced()
  expect(device.syncPoint.value.asOf).toBe(NOON)
  world.pass(HOUR)
  world.wall += 26 * HOUR
  await round(replicator)
  expect(device.syncPoint.value.asOf).toBe(NOON + HOUR)
})

test('[D12] what another tab has kept meanwhile is read, and an answer that does not follow it is not taken', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const other = await world.open() // and nobody tells it
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

test('[D4] a page in the middle of the first sync acknowledges nothing: its rows may come with a later one', async () => {
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

test('[D8] a tab that missed what another was told reads it all', async () => {
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

test('[D8] what another tab recorded is shown once, also by a tab that read it off the disk before it was told', async () => {
  const world = new World()
  const { device } = await world.synced()
  const follower = await world.open()
  const message: TabMessage[] = []
  device.notifyTabs = (what) => void message.push(structuredClone(what))
  await receive(device, 5)
  await follower.reread() // told by a third tab
  await follower.handleTabMessage(message[0]!)
  expect([shown(follower), follower.pendingCount.value]).toEqual([5000, 1])
})

test('[D8] what was sent and confirmed before a tab was told that it was recorded does not wait there', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const recorder = await world.open()
  const message: TabMessage[] = []
  recorder.notifyTabs = (what) => void message.push(structuredClone(what))
  await receive(recorder, 5)
  // The leading tab sends what is on the disk, whoever recorded it.
  world.version = 8
  world.onPull = () => ({ lastSeq: 1, tables: goods(8) })
  await replicator.push(idle)
  await replicator.pull(idle, () => undefined)
  await device.handleTabMessage(message[0]!)
  expect([await world.outbox(), device.pendingCount.value]).toEqual([[], 0])
})

test('[D8] a scan that one tab stored, recorded or dismissed asks in the other no more than in it', async () => {
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
  await device.scans.answer(three.id)
  await vi.waitFor(() => expect(asked()).toEqual([]))
})

test('[Z1] what is stored or settled while the log is read again stays so', async () => {
  const { device } = await new World().synced()
  const store = (code: string) => device.scans.store({ code, at: Date.now(), mode: 'receive', locationId: binId })
  const [settled, left] = [await store('1'), await store('2')]
  for (let round = 0; round < 5; round++) {
    const reading = device.scans.load()
    const [stored] = await Promise.all([store('3'), device.scans.dismiss([settled.id], 'mistake')])
    await reading
    const asked = device.scans.unresolved.value.map(({ id }) => id)
    expect(asked).toEqual(expect.arrayContaining([left.id, stored.id]))
    expect(asked).not.toContain(settled.id)
  }
})

test('what is brought back in a tab that follows, the leading one sends', async () => {
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

test('[T6] however far the clock was set, what was made before stays before what was made after', async () => {
  const world = new World()
  const device = await world.open()
  // Its offset is not known well: the server will say that the clock moved further than it did.
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

test('[D6] what was undone here cannot be undone again, whether it was sent meanwhile or not', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  const waiting = (await receive(device, 1)) as { id: string }
  const sent = (await receive(device, 2)) as { id: string }
  await device.undo(waiting.id)
  const twice = { saved: true, note: 'already_undone' }
  expect(await device.undo(waiting.id)).toMatchObject(twice)
  await round(replicator)
  expect(await device.undo(waiting.id)).toMatchObject(twice)
  expect(await device.undo(sent.id)).not.toHaveProperty('note')
  expect(await device.undo(sent.id)).toMatchObject(twice)
})

test('[D18] a SKU that waits has one owner: whoever took it, until they let it go', async () => {
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

test('[D5] a server that has lost what it acknowledged gets it again, in its place before what waits', async () => {
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

test('[D5] what the server lost is older than what is kept here: the rest is sent as of a new device, once', async () => {
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
    if ((refusals += 1) > 5) throw new Error('it asks again and again')
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

test('[D6] a count that waits and is undone shows what lay under it, also when the app opens again', async () => {
  const world = new World()
  const { device } = await world.synced()
  await receive(device, 3)
  const count = (await device.record('stock.count', { ...AT, counted: 9 })) as { id: string }
  await device.undo(count.id)
  expect(shown(device)).toBe(3000)
  device.close()
  expect(shown(await world.open())).toBe(3000)
})

test('[D9] what the server has decided is said to be synced, what waits only to be saved, newest first', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 1)
  await round(replicator)
  await receive(device, 2)
  await receive(device, 3)
  const said = (which: Device) =>
    which.history.value.map(({ envelope, state }) => [(envelope.args as { quantity: number }).quantity, state])
  const expected = [
    [3, 'saved'],
    [2, 'saved'],
    [1, 'synced'],
  ]
  expect(said(device)).toEqual(expected)
  device.close()
  expect(said(await world.open())).toEqual(expected)
})

test('[D4] what another copy of this device sent under the same number acknowledges nothing here', async () => {
  const world = new World()
  const { device, exchange: replicator } = await world.synced()
  await receive(device, 3)
  world.lastSeq = 1 // of the copy: this one has not sent yet
  world.onPush = ({ clientId }) => {
    if (world.pushes.some((push) => push.clientId !== clientId)) return {}
    throw new RequestError({ refusal: 'seq_reused', lastSeq: 1 })
  }
  await replicator.pull(idle, () => undefined)
  expect(world.pushes.map(({ mutations }) => mutations.length)).toEqual([1, 1]) // refused, and sent under a new id
  expect(new Set(world.pushes.map(({ clientId }) => clientId)).size).toBe(2)
  expect(world.pushes[1]!.mutations[0]!.id).toBe(world.pushes[0]!.mutations[0]!.id)
})
