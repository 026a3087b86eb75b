// Twenty times as many pending mutations take about twenty times as long to open and to confirm. A quadratic step would
// take four hundred times as long. Measured in processor time, because other processes may run at the same time.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { formatStamp } from '#shared/values/stamp.ts'
import type { OutboxEntry } from '../../client/device/records.ts'
import { DeviceDatabase } from '../../client/device/storage/database.ts'
import { applySnapshot, itemRow, locationRow } from './support/sample-rows.ts'
import { Device } from '../../client/device/device.ts'

const clientOf = async (device: Device) => (await device.queue.identity()).clientId

const FEW = 500
const MANY = 10_000
/** The highest factor measured was 35, and 97 with one quadratic step. */
const FACTOR_MAX = 65

const binId = randomUUID()
const itemIds = Array.from({ length: 100 }, () => randomUUID())
const movement = (i: number): Making => ({
  name: 'stock.receive',
  args: { itemId: itemIds[i % itemIds.length], locationId: binId, quantity: 1 },
})
type Making = Pick<OutboxEntry['envelope'], 'name' | 'args'>

type Work = (i: number, idOf: (i: number) => string) => Making

const KINDS_OF_WORK: Record<string, Work> = {
  'movements on one position': () => movement(0),
  'new items, each with a SKU and a barcode': (i) => ({
    name: 'item.create',
    args: { id: randomUUID(), name: `Item ${i}`, sku: `S${i}`, barcodes: [{ code: `C${i}` }] },
  }),
  'movements that were undone': (i, idOf) =>
    i % 2 === 0 ? movement(i) : { name: 'stock.undo', args: { mutationId: idOf(i - 1) } },
}

async function withWaiting(count: number, work: Work): Promise<string> {
  const name = randomUUID()
  const device = await Device.open({ name, actor: ACTOR })
  const items = itemIds.map((id) => itemRow(id, 'Coffee', { version: 7 }))
  await applySnapshot(device, { items, locations: [locationRow(binId, 'Bin', { version: 7 })] }, 7)
  device.close()
  const database = new DeviceDatabase(name)
  const ids = Array.from({ length: count }, () => randomUUID())
  const from = Date.now() - 1_000_000
  await database.outbox.bulkAdd(
    ids.map((id, i): OutboxEntry => {
      const at = formatStamp({ ms: from + i, counter: 0, device: '0a0b0c0d' })
      return { seq: i + 1, at, envelope: { seq: i + 1, id, at, seen: 7, ...work(i, (of) => ids[of]!) } }
    }),
  )
  database.close()
  return name
}
const ACTOR = { userId: randomUUID(), role: 'manager' as const }

interface Cost {
  open: number
  confirm: number
}

/** Processor time in ms to open, and to apply the server's answer to the first half. */
async function measure(name: string, count: number): Promise<Cost> {
  const start = process.cpuUsage()
  const device = await Device.open({ name, actor: ACTOR })
  const opened = spentSince(start)
  expect(device.pendingCount.value).toBe(count)
  const half = process.cpuUsage()
  await device.applyUpdate({
    tables: {},
    point: { ...device.syncPoint.value, cursor: 'v8', version: 8 },
    lastSeq: count / 2,
    clientId: await clientOf(device),
  })
  const confirmed = spentSince(half)
  expect(device.pendingCount.value).toBe(count / 2)
  device.close()
  return { open: opened, confirm: confirmed }
}

function spentSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** The lowest of several, to leave out garbage collections. */
async function least(times: number, count: number, work: Work): Promise<Cost> {
  let cost: Cost = { open: Number.POSITIVE_INFINITY, confirm: Number.POSITIVE_INFINITY }
  for (let i = 0; i < times; i++) {
    const { open, confirm } = await measure(await withWaiting(count, work), count)
    cost = { open: Math.min(cost.open, open), confirm: Math.min(cost.confirm, confirm) }
  }
  return cost
}

for (const [what, work] of Object.entries(KINDS_OF_WORK)) {
  test(`[D18] opening and confirming take proportional time: ${what}`, { timeout: 120_000 }, async ({ annotate }) => {
    const few = await least(4, FEW, work)
    const many = await least(2, MANY, work)
    await annotate(JSON.stringify({ few, many }))
    expect(many.open / few.open).toBeLessThan(FACTOR_MAX)
    expect(many.confirm / few.confirm).toBeLessThan(FACTOR_MAX)
  })
}
