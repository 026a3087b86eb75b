import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { effect } from '@preact/signals'
import { afterEach, expect, test, vi } from 'vitest'
import { encodeTable, type Row, type WireTables } from '#shared/rows/rows.ts'
import { itemRow } from '../../../tests/device/support/sample-rows.ts'
import { DeviceDatabase } from './database.ts'
import { Device } from '../device.ts'
import { ConfirmedRows } from '../state/confirmed-rows.ts'
import { ConfirmedRowsStore } from './confirmed-rows-store.ts'

const ITEMS = 2_500

const item = (index: number, version: number) =>
  itemRow(`item-${index}`, `Item ${index}`, { sku: `SKU-${index}-${version}`, version })
const barcode = (index: number, version: number, deleted = false): Row<'barcodes'> => {
  const code = String(index).padStart(14, '0')
  return { code, itemId: `item-${index}`, packQuantity: 1000, version, deleted }
}
const tablesOf = (items: Row<'items'>[], barcodes: Row<'barcodes'>[]): WireTables => ({
  items: encodeTable('items', items),
  barcodes: encodeTable('barcodes', barcodes),
})

/** Stores rows, and returns a function that opens a store with them. */
async function storeRows() {
  const database = new DeviceDatabase(randomUUID())
  const open = async () => {
    const confirmed = new ConfirmedRows()
    const store = new ConfirmedRowsStore(database, { confirmed, onDamage: () => expect.unreachable() })
    store.fill({ chunks: await database.chunks.toArray(), log: await database.log.toArray() })
    const persist = async (tables: WireTables) => {
      const planned = confirmed.plan(tables)
      const persisting = store.prepare(tables, planned)
      await persisting.write()
      confirmed.applyPlanned(planned)
      persisting.done()
    }
    return { mirror: confirmed, persist }
  }
  const numbers = Array.from({ length: ITEMS }, (_, index) => index)
  const { persist } = await open()
  await persist(
    tablesOf(
      numbers.map((index) => item(index, 1)),
      numbers.map((index) => barcode(index, 1)),
    ),
  )
  await persist(tablesOf([item(7, 2)], [barcode(7, 2, true), barcode(9, 2)]))
  return { open }
}

type Opened = Awaited<ReturnType<Awaited<ReturnType<typeof storeRows>>['open']>>

/** Everything that can be queried, to compare two stores. */
function contentsOf({ mirror: confirmed }: Pick<Opened, 'mirror'>) {
  return {
    items: [...confirmed.rows('items')].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    barcodes: [...confirmed.rows('barcodes')].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    codes: [7, 9, 11].map((index) => [...confirmed.barcodesOf(`item-${index}`)]),
    skus: ['SKU-7-1', 'SKU-7-2', 'SKU-2400-1'].map((sku) => confirmed.itemOfSku(sku)),
    size: confirmed.size,
  }
}

const QUERIES: readonly ((opened: Opened) => unknown)[] = [
  ({ mirror: confirmed }) => confirmed.row('items', 'item-7'),
  ({ mirror: confirmed }) => confirmed.rows('barcodes').size,
  ({ mirror: confirmed }) => [...confirmed.barcodesOf('item-7'), ...confirmed.barcodesOf('item-9')],
  ({ mirror: confirmed }) => confirmed.itemOfSku('SKU-7-2'),
  ({ mirror: confirmed }) => confirmed.size,
  // Older than the stored rows.
  ({ mirror: confirmed }) => confirmed.plan(tablesOf([item(7, 1)], [])),
  ({ mirror: confirmed }) => confirmed.applyPlanned([{ kind: 'items', key: 'item-7', row: item(7, 1) }]),
]

test('[D3] stored rows are the same whatever is queried first, and however many were parsed before', async () => {
  const { open } = await storeRows()
  const plain = await open()
  plain.mirror.parseAll()
  const expected = contentsOf(plain)
  expect(expected.size).toBe(2 * ITEMS - 1)
  expect(expected.codes[0]).toEqual([])
  expect(expected.skus).toEqual([undefined, 'item-7', 'item-2400'])
  for (const query of QUERIES) {
    for (const parsedBefore of [0, 1, 5]) {
      const opened = await open()
      expect(opened.mirror.isEmpty('items')).toBe(false)
      for (let piece = 0; piece < parsedBefore; piece++) opened.mirror.parseOne()
      expect(query(opened)).toEqual(query(plain))
      expect(contentsOf(opened)).toEqual(expected)
    }
  }
})

test('[D3] an update before any row was parsed is merged with the stored rows', async () => {
  const { open } = await storeRows()
  const opened = await open()
  await opened.persist(tablesOf([item(7, 3), item(ITEMS, 3)], [barcode(9, 3, true)]))
  const many = Array.from({ length: 500 }, (_, index) => item(index * 3, 4))
  const again = await open()
  await again.persist({ items: encodeTable('items', many) })
  const expected = contentsOf(again)
  expect(expected.items).toHaveLength(ITEMS + 1)
  expect(expected.codes[1]).toEqual([])
  expect(contentsOf(await open())).toEqual(expected)
})

test('[D3] an update while the disk is reread is kept with later updates', async () => {
  const parts = { name: randomUUID(), actor: { userId: randomUUID(), role: 'manager' as const } }
  const device = await Device.open(parts)
  const { clientId } = await device.queue.identity()
  const applyVersion = (version: number) => {
    const items = Array.from({ length: 250 }, (_, index) => item(version * 1000 + index, version))
    const point = { ...device.syncPoint.value, cursor: `at ${version}`, epoch: 1, version, complete: true }
    return device.applyUpdate({ tables: tablesOf(items, []), point, lastSeq: 0, clientId })
  }
  await applyVersion(1)
  const rereading = device.reread()
  for (let step = 0; step < 5; step++) await new Promise((resolve) => setImmediate(resolve))
  await applyVersion(2)
  await rereading
  await applyVersion(3)
  device.close()
  const again = await Device.open(parts)
  expect(again.syncPoint.value.version).toBe(3)
  expect(again.queries.itemCount).toBe(750)
  again.close()
})

afterEach(() => vi.unstubAllGlobals())

/** Reopens a device with a position below zero, in a browser whose idle callbacks the test runs. */
async function openedWithIdle() {
  const callbacks: IdleRequestCallback[] = []
  // Node has no idle callbacks, so the test runs them.
  vi.stubGlobal('requestIdleCallback', (callback: IdleRequestCallback) => callbacks.push(callback))
  const parts = { name: randomUUID(), actor: { userId: randomUUID(), role: 'manager' as const } }
  const before = await Device.open(parts)
  const position = { itemId: 'item-1', locationId: 'bin', lot: '', quantity: -1000, version: 1 }
  const counted = { countedAt: null, countedId: null, countedSince: null }
  const tables = {
    ...tablesOf([item(1, 1)], [barcode(1, 1)]),
    positions: encodeTable('positions', [{ ...position, ...counted }]),
  }
  const point = { ...before.syncPoint.value, cursor: 'one', epoch: 1, version: 1, complete: true }
  await before.applyUpdate({ tables, point, lastSeq: 0, clientId: (await before.queue.identity()).clientId })
  before.close()

  callbacks.length = 0
  const parse = vi.spyOn(JSON, 'parse')
  const device = await Device.open(parts)
  expect(parse).not.toHaveBeenCalled()
  parse.mockRestore()
  const idle = () => callbacks.pop()?.({ didTimeout: false, timeRemaining: () => 50 })
  return { device, idle }
}

test('[D3] opening does not parse rows, idle callbacks do, and positions below zero are reported once theirs are parsed', async () => {
  const { device, idle } = await openedWithIdle()
  expect(device.queries.isEmpty).toBe(false)
  const below: number[] = []
  const stop = effect(() => void below.push(device.queries.positionsBelowZero().length))
  await vi.waitFor(() => {
    idle()
    expect(below).toEqual([0, 1])
  })
  stop()
  expect(device.queries.search('item', { limit: 1 })).toEqual({ ids: ['item-1'], total: 1 })
  device.close()
})

test('[D3] a subscriber learns of a position below zero even if another query parsed it', async () => {
  const { device, idle } = await openedWithIdle()
  const below: number[] = []
  const stop = effect(() => void below.push(device.queries.positionsBelowZero().length))
  expect(device.queries.positionsOf('item-1')).toHaveLength(1)
  expect(device.queries.positionsBelowZero()).toHaveLength(1)
  idle()
  expect(below).toEqual([0, 1])
  stop()
  device.close()
})

test('[D7] iterating over all items continues after a resnapshot with fewer items', async () => {
  const device = await Device.open({ name: randomUUID(), actor: { userId: randomUUID(), role: 'manager' } })
  const { clientId } = await device.queue.identity()
  const point = { ...device.syncPoint.value, cursor: 'one', epoch: 1, version: 1, complete: true }
  await device.applyUpdate({ tables: tablesOf([item(1, 1), item(2, 1)], []), point, lastSeq: 0, clientId })
  const items = device.queries.items()[Symbol.iterator]()
  expect(items.next().value?.id).toBe('item-1')
  const whole = new ConfirmedRows()
  whole.apply(tablesOf([item(1, 1)], []))
  await device.applyUpdate({ tables: {}, whole, point: { ...point, cursor: 'two' }, lastSeq: 0, clientId })
  expect(items.next()).toEqual({ value: undefined, done: true })
  device.close()
})

test('[D5] a damaged chunk on disk is fetched again, and pending mutations and other rows stay', async () => {
  const parts = { name: randomUUID(), actor: { userId: randomUUID(), role: 'manager' as const } }
  const before = await Device.open(parts)
  const { clientId } = await before.queue.identity()
  const items = Array.from({ length: 1_500 }, (_, index) => item(index, 1))
  const point = { ...before.syncPoint.value, cursor: 'one', epoch: 1, version: 1, complete: true }
  await before.applyUpdate({ tables: tablesOf(items, []), point, lastSeq: 0, clientId })
  await before.record('category.create', { id: randomUUID(), name: 'Tea' })
  before.close()
  const database = new DeviceDatabase(parts.name)
  await database.chunks.update(['items', 0], { text: '{"columns":["id",' })
  database.close()

  const device = await Device.open(parts)
  const requestsBefore = device.queue.requests.value
  expect(device.queries.itemCount).toBe(500)
  await vi.waitFor(() => expect(device.queue.requests.value).toBeGreaterThan(requestsBefore))
  expect(device.syncPoint.value).toMatchObject({ cursor: null, complete: true })
  expect([device.queries.itemCount, device.pendingCount.value]).toEqual([500, 1])
  const whole = new ConfirmedRows()
  whole.apply(tablesOf(items, []))
  await device.applyUpdate({ tables: {}, whole, point: { ...point, cursor: 'two' }, lastSeq: 0, clientId })
  device.close()
  const again = await Device.open(parts)
  expect([again.queries.itemCount, again.pendingCount.value, again.syncPoint.value.cursor]).toEqual([1_500, 1, 'two'])
  again.close()
})
