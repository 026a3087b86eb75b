// The real device code (over fake-indexeddb, because there is no browser here) against a real server.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { effect } from '@preact/signals'
import postgres from 'postgres'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { Device } from '../../client/device/device.ts'
import type { Actor } from '../../client/device/state/pending-mutations.ts'
import type { SyncTransport } from '../../client/sync/sync-transport.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import { trpcTransport } from '../../client/sync/trpc-transport.ts'
import { RequestError } from '../../client/sync/sync-transport.ts'
import { Sync } from '../../client/sync/sync.ts'
import { outboxFile } from '../../client/domain/export-outbox.ts'
import { readOutboxFile } from '../../client/domain/outbox-file.ts'
import { formatStamp, stampMs } from '#shared/values/stamp.ts'
import { PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { TestServer } from '../support/test-server.ts'
import { call, signIn, startTestServer } from '../support/test-server.ts'

const parts = useLedger()
let server: TestServer
let token: string
let room: Awaited<ReturnType<typeof stockRoom>>
const opened: Joined[] = []

interface Joined {
  device: Device
  sync: Sync
  /** Disconnects this device, or connects it again. */
  cut(isCut: boolean): void
}

beforeAll(async () => {
  server = await startTestServer(parts.urls.url)
  const { domain } = parts
  token = await signIn(server.url, `manager@${domain}`, PASSWORD)
})
beforeEach(async () => {
  room = await stockRoom(new TestDevice(parts, parts.manager))
})
afterAll(async () => {
  for (const { device, sync } of opened) {
    await sync.stop()
    device.close()
  }
  await server.stop()
})

async function join(
  name: string = randomUUID(),
  wrap: (transport: SyncTransport) => SyncTransport = (transport) => transport,
  clock: Clock = systemClock,
  as: { actor: Actor; token: string } = { actor: { userId: parts.manager, role: 'manager' }, token },
): Promise<Joined> {
  const { signal } = await import('@preact/signals')
  const session = { token: async () => as.token, forgetToken: () => undefined, expired: signal(false) }
  const device = await Device.open({ name, actor: as.actor })
  let isCut = false
  const real = wrap(trpcTransport(session, server.url))
  const reachable = <T>(ask: () => Promise<T>) => (isCut ? Promise.reject(new RequestError({})) : ask())
  const transport: SyncTransport = {
    push: (request) => reachable(() => real.push(request)),
    pull: (request) => reachable(() => real.pull(request)),
    subscribe: (request, handlers) =>
      real.subscribe(request, { ...handlers, message: (message) => !isCut && handlers.message(message) }),
  }
  const sync = new Sync({ device, session, transport, clock })
  sync.start()
  const joined = {
    device,
    sync,
    cut: (cut: boolean) => {
      isCut = cut
      if (!cut) sync.syncNow()
    },
  }
  opened.push(joined)
  return joined
}

async function post(input: { clientId: string; mutations: unknown[] }): Promise<void> {
  const { status } = await call(server.url, 'sync.push', { ...input, epoch: 1, deviceNow: Date.now() }, { token })
  expect(status).toBe(200)
}

async function until(fits: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 8_000
  while (!fits()) {
    if (Date.now() > end) throw new Error(`not in 8 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const shown = ({ device }: Joined) => device.queries.position(room.itemId, room.binA).quantity
const synced = async (joined: Joined) =>
  until(() => joined.device.syncPoint.value.complete && joined.device.pendingCount.value === 0, 'synced')
const receive = ({ device }: Joined, quantity: number) =>
  device.record('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity })

test('a change on one device appears on another through the socket', async () => {
  const [one, two] = [await join(), await join()]
  await Promise.all([synced(one), synced(two)])
  await receive(one, 5)
  expect(shown(one)).toBe(5000)
  await until(() => shown(two) === 5000, 'the other device')
  await synced(one)
})

test('[D1][D3] a mutation saved offline is there when the app opens again, and is then sent', async () => {
  const name = randomUUID()
  const first = await join(name)
  await synced(first)
  first.cut(true)
  await receive(first, 3)
  await first.sync.stop()
  first.device.close()
  const again = await Device.open({ name, actor: { userId: parts.manager, role: 'manager' } })
  expect(again.pendingCount.value).toBe(1)
  expect(again.queries.item(room.itemId)?.name).toBe('Café de Colombie')
  expect(again.queries.position(room.itemId, room.binA)).toMatchObject({ quantity: 3000, pending: true })
  again.close()
  const joined = await join(name)
  await synced(joined)
  expect((await readRows(parts, 'positions')).find(({ itemId }) => itemId === room.itemId)?.quantity).toBe(3000)
})

test('[D2] the display never goes back while own writes are confirmed among those of others', async () => {
  const [one, two] = [await join(), await join()]
  await Promise.all([synced(one), synced(two)])
  const seen: number[] = []
  const stop = effect(() => void seen.push(shown(one)))
  for (let i = 0; i < 40; i++) {
    await receive(one, 1)
    if (i % 3 === 0) await receive(two, 1)
    if (i === 20) one.cut(true)
    if (i === 30) one.cut(false)
  }
  await Promise.all([synced(one), synced(two)])
  await until(() => shown(one) === 54_000 && shown(two) === 54_000, 'agreement')
  stop()
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
})

test('[D4] an answered push leaves the outbox only with the rows that include it', async () => {
  let holdPulls = false
  const joined = await join(randomUUID(), (transport) => ({
    ...transport,
    pull: (request) => (holdPulls ? Promise.reject(new RequestError({})) : transport.pull(request)),
    subscribe: () => () => undefined,
  }))
  await synced(joined)
  await until(() => joined.sync.status.value.link === 'online', 'the first round')
  holdPulls = true
  await receive(joined, 2)
  await until(() => joined.sync.status.value.link === 'offline', 'the pull failing')
  expect((await readRows(parts, 'positions')).find(({ itemId }) => itemId === room.itemId)?.quantity).toBe(2000)
  expect([joined.device.pendingCount.value, shown(joined)]).toEqual([1, 2000])
  holdPulls = false
  joined.sync.syncNow()
  await synced(joined)
  expect(shown(joined)).toBe(2000)
})

test('[D4] a push whose answer was lost is repeated and not doubled', async () => {
  let lose = true
  const joined = await join(randomUUID(), (transport) => ({
    ...transport,
    push: async (request) => {
      const answer = await transport.push(request)
      if (lose && request().mutations.length > 0) {
        lose = false
        throw new RequestError({})
      }
      return answer
    },
  }))
  await synced(joined)
  await receive(joined, 7)
  await synced(joined)
  expect(lose).toBe(false)
  expect(shown(joined)).toBe(7000)
})

test('[V3] a device that missed a live message pulls instead of skipping it', async () => {
  let lose = 0
  const joined = await join(randomUUID(), (transport) => ({
    ...transport,
    subscribe: (request, handlers) =>
      transport.subscribe(request, {
        ...handlers,
        message: (message) => {
          if (message.tables && lose > 0) lose -= 1
          else handlers.message(message)
        },
      }),
  }))
  await synced(joined)
  await until(() => joined.sync.status.value.link === 'online', 'the first round')
  await new Promise((resolve) => setTimeout(resolve, 300)) // the socket is open
  lose = 1
  const other = new TestDevice(parts, parts.manager)
  const at = (locationId: string) => ({ itemId: room.itemId, locationId })
  // Through the server of this test, so that its sockets receive the messages.
  const push = (name: string, args: object) =>
    post({ clientId: other.clientId, mutations: [other.mutation(name, args)] })
  await push('stock.receive', { ...at(room.binA), quantity: 3 })
  await push('stock.receive', { ...at(room.binB), quantity: 4 })
  await until(() => joined.device.queries.position(room.itemId, room.binB).quantity === 4000, 'the second change')
  expect(lose).toBe(0)
  expect(shown(joined)).toBe(3000)
})

test('[D11] local writes do not bother a server that asked to wait, and a person’s “sync now” asks once', async () => {
  let pushes = 0
  let limit = false
  const joined = await join(randomUUID(), (transport) => ({
    ...transport,
    push: (request) => {
      pushes += 1
      return limit
        ? Promise.reject(new RequestError({ refusal: 'rate_limited', retryAfterMs: 1_000 }))
        : transport.push(request)
    },
  }))
  await synced(joined)
  await until(() => joined.sync.status.value.link === 'online', 'the first round')
  ;[pushes, limit] = [0, true]
  const start = Date.now()
  await receive(joined, 1)
  await until(() => joined.sync.status.value.link === 'limited', 'being limited')
  for (let i = 0; i < 10; i++) await receive(joined, 1)
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(pushes).toBe(1)
  joined.sync.syncNow()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect([pushes, joined.sync.status.value.link]).toEqual([2, 'limited'])
  limit = false
  await synced(joined)
  expect(Date.now() - start).toBeGreaterThan(1_000)
  expect(shown(joined)).toBe(11_000)
})

test('[D9] the device says connecting until the first attempt has ended, and then offline if there is no answer', async () => {
  let answer: (() => void) | undefined
  const joined = await join(randomUUID(), (transport) => ({
    ...transport,
    pull: () => new Promise((_resolve, reject) => (answer = () => reject(new RequestError({})))),
  }))
  await until(() => answer !== undefined, 'the first pull')
  expect(joined.sync.status.value.link).toBe('connecting')
  answer!()
  await until(() => joined.sync.status.value.link !== 'connecting', 'the end of it')
  expect(joined.sync.status.value.link).toBe('offline')
})

test('[D9] while the first rows are loaded the device says so, and never only online', async () => {
  const said: boolean[] = []
  const joined = await join(randomUUID(), (transport) => ({
    ...transport,
    pull: (request) => transport.pull({ ...request, limit: 2 }),
  }))
  const stop = effect(() => {
    const { link: state, loading } = joined.sync.status.value
    if (state === 'online' && !joined.device.syncPoint.peek().complete) said.push(loading !== undefined)
  })
  await synced(joined)
  await until(() => joined.sync.status.value.loading === undefined, 'the end of the first sync')
  stop()
  expect(said.length).toBeGreaterThan(0)
  expect(said).not.toContain(false)
})

test('when the network returns during a failing attempt, the device retries at once', async () => {
  let fail: (() => void) | undefined
  let cameBack = (): void => undefined
  // Node is not a browser and has no such event.
  vi.stubGlobal('addEventListener', (type: string, listener: () => void) => type === 'online' && (cameBack = listener))
  const failing = (transport: SyncTransport): SyncTransport => ({
    ...transport,
    pull: (request) =>
      fail ? transport.pull(request) : new Promise((_resolve, reject) => (fail = () => reject(new RequestError({})))),
  })
  const joined = await join(randomUUID(), failing, { ...systemClock, random: () => 0.999 }) // the backoff is 1.1 s
  await until(() => fail !== undefined, 'the attempt')
  vi.unstubAllGlobals()
  const start = performance.now()
  cameBack()
  fail!()
  await until(() => joined.sync.status.value.link === 'online', 'the second attempt')
  expect(performance.now() - start).toBeLessThan(900)
})

test('[D5] a new epoch keeps the outbox, sends the last week again, and loads all rows again', async () => {
  const joined = await join()
  await synced(joined)
  await receive(joined, 4)
  await synced(joined)
  joined.cut(true)
  await receive(joined, 1)
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  // Yesterday's backup: the ledger without mutations acknowledged since, in another epoch.
  await owner`delete from inventory_logs where item_id = ${room.itemId}`
  await owner`delete from mutations where name = 'stock.receive'`
  await owner`delete from positions where item_id = ${room.itemId}`
  await owner`update org_heads set epoch = ${Date.now()} where org_id = ${parts.orgId}`
  await owner.end()
  joined.cut(false)
  await until(() => joined.device.syncPoint.value.epoch > 1 && joined.device.pendingCount.value === 0, 'the new epoch')
  await synced(joined)
  expect(shown(joined)).toBe(5000)
  expect((await readRows(parts, 'positions')).find(({ itemId }) => itemId === room.itemId)?.quantity).toBe(5000)
  const restore = postgres(parts.urls.ownerUrl, { max: 1 })
  await restore`update org_heads set epoch = 1 where org_id = ${parts.orgId}`
  await restore.end()
})

test('[D6] undoing a confirmed count is shown as uncertain until the server has answered', async () => {
  const joined = await join()
  await synced(joined)
  await receive(joined, 10)
  const counted = await joined.device.record('stock.count', { itemId: room.itemId, locationId: room.binA, counted: 8 })
  await synced(joined)
  joined.cut(true)
  await joined.device.undo((counted as { id: string }).id)
  expect(joined.device.queries.position(room.itemId, room.binA).uncertain).toBe(true)
  joined.cut(false)
  await synced(joined)
  expect(joined.device.queries.position(room.itemId, room.binA)).toMatchObject({ uncertain: false, quantity: 10_000 })
})

test('[D8] two tabs of one device show the same, and one of them talks to the server', async () => {
  const name = randomUUID()
  let pushes = 0
  const counting = (transport: SyncTransport): SyncTransport => ({
    ...transport,
    push: (request) => transport.push(request).finally(() => (pushes += request().mutations.length)),
  })
  const one = await join(name, counting)
  await synced(one)
  const two = await join(name, counting)
  await until(() => two.device.syncPoint.value.complete, 'the second tab')
  await receive(two, 6)
  await until(() => shown(one) === 6000, 'the first tab showing it')
  await Promise.all([synced(one), synced(two)])
  expect([shown(one), shown(two), pushes]).toEqual([6000, 6000, 1])
  await one.sync.stop() // the leader closes: the other takes over
  one.device.close()
  await receive(two, 1)
  await synced(two)
  expect(shown(two)).toBe(7000)
})

test('two devices withdraw from and count one bin while offline, and agree in both orders of reconnection', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ] as const) {
    room = await stockRoom(new TestDevice(parts, parts.manager))
    const [one, two] = [await join(), await join()]
    await Promise.all([synced(one), synced(two)])
    await receive(one, 50)
    await until(() => shown(two) === 50_000, 'the start')
    one.cut(true)
    two.cut(true)
    const position = { itemId: room.itemId, locationId: room.binA }
    await one.device.record('stock.withdraw', { ...position, quantity: 7 })
    await new Promise((resolve) => setTimeout(resolve, 10))
    await two.device.record('stock.count', { ...position, counted: 40 }) // after the 7 were withdrawn
    await new Promise((resolve) => setTimeout(resolve, 10))
    await one.device.record('stock.withdraw', { ...position, quantity: 3 })
    for (const which of order) {
      ;[one, two][which]!.cut(false)
      await synced([one, two][which]!)
    }
    await until(() => shown(one) === 37_000 && shown(two) === 37_000, `agreement on 37 in order ${order.join()}`)
  }
})

test('[D5] after a lower role, mutations that needed the higher one become refusals, the rest applies, and all rows are loaded again', async () => {
  const { domain } = parts
  const setRole = (role: 'manager' | 'staff') =>
    parts.accounts.updateMember(parts.orgId, parts.manager, { id: parts.staff, role })
  await setRole('manager')
  const name = randomUUID()
  const as = (role: 'manager' | 'staff', bearer: string) => ({ actor: { userId: parts.staff, role }, token: bearer })
  const high = await signIn(server.url, `staff@${domain}`, PASSWORD)
  const asManager = await join(name, undefined, undefined, as('manager', high))
  await synced(asManager)
  const emailOf = ({ device }: Joined) => device.queries.member(parts.manager)?.email ?? null
  expect(emailOf(asManager)).toBe(`manager@${domain}`)
  asManager.cut(true)
  await asManager.device.record('item.update', {
    id: room.itemId,
    set: { name: 'Renamed' },
    base: { name: 'Café de Colombie' },
  })
  await receive(asManager, 3)
  expect(asManager.device.queries.item(room.itemId)?.name).toBe('Renamed')
  await asManager.sync.stop()
  asManager.device.close()
  await setRole('staff')

  // The session reports the new role, and the app opens the device with it.
  const low = await signIn(server.url, `staff@${domain}`, PASSWORD)
  const cursors: (string | null)[] = []
  const watching = (transport: SyncTransport): SyncTransport => ({
    ...transport,
    pull: (request) => {
      cursors.push(request.cursor)
      return transport.pull(request)
    },
  })
  const asStaff = await join(name, watching, undefined, as('staff', low))
  await synced(asStaff)
  await until(() => asStaff.device.queries.openConflicts().length > 0, 'the decision')
  expect(cursors).toContain(null) // started over
  const [conflict] = asStaff.device.queries.openConflicts()
  expect(conflict).toMatchObject({ kind: 'refusal', code: 'role_too_low', userId: parts.staff, state: 'open' })
  expect(JSON.parse(conflict!.mutation)).toMatchObject({ name: 'item.update', args: { set: { name: 'Renamed' } } })
  expect([asStaff.device.queries.item(room.itemId)?.name, shown(asStaff)]).toEqual(['Café de Colombie', 3000])
  expect(emailOf(asStaff)).toBeNull()
  expect(asStaff.device.syncPoint.value).toMatchObject({ complete: true })
})

/** The pending mutations of a device, saved as a file and read again by a manager. */
async function exportOutbox({ device }: Joined) {
  const from = { device: device.name, point: device.syncPoint.value }
  const text = JSON.stringify(outboxFile(await device.exportPending(), from, new Date()))
  const file = readOutboxFile(text, { orgId: parts.orgId, userId: parts.manager, role: 'manager' })
  if ('problem' in file) throw new Error(file.problem)
  return file.contents
}
const linesOf = (itemId: string) =>
  parts.database.snapshot(parts.orgId, async (sql) => [
    ...(await sql<{ mutation: string; amount: number; at: string }[]>`
      select mutation_id as mutation, amount, at from inventory_logs where item_id = ${itemId} order by at`),
  ])

test('[D19] a saved file is imported on another device, each mutation once, under its id and at its own time', async () => {
  const [gone, here] = [await join(), await join()]
  await Promise.all([synced(gone), synced(here)])
  gone.cut(true)
  await receive(gone, 1)
  await receive(gone, 2)
  await gone.device.scans.store({ code: 'unknown', at: Date.now(), mode: 'receive', locationId: room.binA })
  const file = await exportOutbox(gone)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await receive(here, 10)
  await synced(here)
  here.cut(true)
  await receive(here, 20)
  const [imported] = await Promise.all([here.device.importOutbox(file), receive(here, 4)]) // a mutation recorded at the same time is not counted
  expect(imported).toEqual({ mutations: 2, scans: 1 })
  expect(shown(here)).toBe(37_000)
  expect(here.device.pendingCount.value).toBe(4)
  expect((await here.device.queue.oldest(10)).map(({ envelope }) => envelope.seq)).toEqual([2, 3, 4, 5])
  expect(here.device.scans.unresolved.value.map(({ code }) => code)).toEqual(['unknown'])
  expect(await here.device.importOutbox(file)).toEqual({ mutations: 0, scans: 0 })
  here.cut(false)
  await synced(here)
  const ats = file.pending.map(({ at }) => at)
  const lines = await linesOf(room.itemId)
  expect(lines.map(({ amount }) => amount)).toEqual([1000, 2000, 10_000, 20_000, 4000])
  expect(lines.slice(0, 2).map(({ at }) => at)).toEqual(ats)
  gone.cut(false)
  await synced(gone)
  await until(() => shown(gone) === 37_000 && shown(here) === 37_000, 'both agree')
  expect(await linesOf(room.itemId)).toHaveLength(5)
})

test('[Z2] a scan that was imported on another device and recorded on both is recorded once', async () => {
  const [gone, here] = [await join(), await join()]
  await Promise.all([synced(gone), synced(here)])
  gone.cut(true)
  const scan = await gone.device.scans.store({ code: 'a', at: Date.now(), mode: 'receive', locationId: room.binA })
  await here.device.importOutbox(await exportOutbox(gone))
  const args = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
  for (const { device } of [gone, here]) await device.record('stock.receive', args, { scanId: scan.id })
  await synced(here)
  gone.cut(false)
  await synced(gone)
  await until(() => shown(gone) === 1000 && shown(here) === 1000, 'both agree')
  expect(await linesOf(room.itemId)).toHaveLength(1)
})

test('[Z2] a scan recorded or dismissed on its device is not unresolved where an earlier file was imported', async () => {
  const [gone, here] = [await join(), await join()]
  await Promise.all([synced(gone), synced(here)])
  gone.cut(true)
  const store = (code: string) =>
    gone.device.scans.store({ code, at: Date.now(), mode: 'receive', locationId: room.binA })
  const [recorded, dismissed, left] = [await store('a'), await store('b'), await store('c')]
  await here.device.importOutbox(await exportOutbox(gone))
  expect(here.device.scans.unresolved.value).toHaveLength(3)
  const args = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
  await gone.device.record('stock.receive', args, { scanId: recorded.id })
  await gone.device.scans.dismiss([dismissed.id], 'mistake')
  expect(await here.device.importOutbox(await exportOutbox(gone))).toEqual({ mutations: 1, scans: 0 })
  expect(here.device.scans.unresolved.value.map(({ id }) => id)).toEqual([left.id])
})

test('[D19] mutations made by a wrong clock are imported at the time when they were made', async () => {
  const [hour, made] = [3_600_000, Date.now() - 60_000]
  const here = await join()
  await synced(here)
  const wrong = (ms: number) => formatStamp({ ms: ms + hour, counter: 0, device: 'abcdef01' })
  const args = { itemId: room.itemId, locationId: room.binA, counted: 7, since: wrong(made - 5_000) }
  const count = { seq: 9, id: randomUUID(), name: 'stock.count', args, at: wrong(made) }
  const scan = { id: randomUUID(), code: 'a', at: made + hour, mode: 'count', locationId: room.binA }
  const scans = [{ ...scan, state: 'unresolved' as const }]
  await here.device.importOutbox({ pending: [count], scans, settledScans: [], clockOffsetMs: -hour, epoch: 1 })
  expect(here.device.scans.unresolved.value.map(({ at }) => at)).toEqual([made]) // its count began then
  await synced(here)
  const [line] = await linesOf(room.itemId)
  expect(stampMs(line!.at)).toBe(made)
  const position = (await readRows(parts, 'positions')).find(({ itemId }) => itemId === room.itemId)
  expect(stampMs(position!.countedSince!)).toBe(made - 5_000)
})

test('[D19] an import that cannot be stored whole does not leave anything behind', async () => {
  const here = await join()
  await synced(here)
  here.cut(true)
  const at = formatStamp({ ms: Date.now(), counter: 0, device: 'abcdef01' })
  const args = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
  const pending = [{ seq: 1, id: randomUUID(), name: 'stock.receive', args, at }]
  const scan = { id: randomUUID(), code: 'x', at: 1, mode: 'receive', locationId: null, state: 'unresolved' as const }
  const unstorable = { ...scan, id: randomUUID(), code: (() => 0) as unknown as string } // cannot be stored, like a write to a full disk
  const outboxExport = { pending, scans: [scan, unstorable], settledScans: [], clockOffsetMs: 0, epoch: 1 }
  await expect(here.device.importOutbox(outboxExport)).rejects.toThrow()
  expect(await here.device.exportPending()).toEqual({ outbox: [], scans: [] })
  expect(shown(here)).toBe(0)
  await receive(here, 3)
  here.cut(false)
  await synced(here)
  expect(await linesOf(room.itemId)).toHaveLength(1)
})
