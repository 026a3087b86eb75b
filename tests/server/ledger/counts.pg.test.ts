// Planned counts, and counts with movements at the same time. On PostgreSQL, because versions and late mutations
// matter.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { formatStamp } from '#shared/values/stamp.ts'
import { readRows, stockRoom, TestDevice, useLedger } from '../../support/ledger-under-test.ts'

const parts = useLedger()

const quantityAt = async (itemId: string, locationId: string) =>
  (await readRows(parts, 'positions')).find((one) => one.itemId === itemId && one.locationId === locationId)?.quantity
const countOf = async (id: string) => (await readRows(parts, 'counts')).find((count) => count.id === id)!
const lineOf = async (id: string) => (await readRows(parts, 'countLines')).find((line) => line.id === id)!
const reviewsOf = async (userId: string, code: string) =>
  (await readRows(parts, 'conflicts')).filter((one) => one.userId === userId && one.code === code)
const stampAgo = (ms: number, device: TestDevice) =>
  formatStamp({ ms: Date.now() - ms, counter: 0, device: device.clientId.slice(0, 8) })

async function openCount() {
  const manager = new TestDevice(parts, parts.manager)
  const staff = new TestDevice(parts, parts.staff)
  const { itemId, binA, binB } = await stockRoom(manager)
  const countId = randomUUID()
  await manager.do('count.open', { id: countId, name: 'Autumn', scope: { locationIds: [binA] }, blind: true })
  const line = (counted: number, extra = {}) =>
    staff.do('stock.count', { itemId, locationId: binA, counted, countId }, extra)
  return { manager, staff, itemId, binA, binB, countId, line }
}

test('[N4] an approval covers the lines that the manager saw, and newer ones are an amendment', async () => {
  const { manager, countId, line, itemId, binA } = await openCount()
  const seenLine = await line(5)
  const { version: seen } = await lineOf(seenLine.id)
  const unseen = await line(6)
  await manager.do('count.approve', { countId, seen })
  expect(await quantityAt(itemId, binA)).toBe(5000)
  expect((await countOf(countId)).state).toBe('amended')
  expect((await lineOf(unseen.id)).state).toBe('waiting')
  await manager.do('count.approve', { countId, seen: (await lineOf(unseen.id)).version })
  expect(await quantityAt(itemId, binA)).toBe(6000)
  expect((await countOf(countId)).state).toBe('approved')
})

test('[L5] undoing an approval in the same group restores the quantity before it, however old', async () => {
  const { manager, countId, line, itemId, binA } = await openCount()
  await manager.do('stock.count', { itemId, locationId: binA, counted: 5 })
  await manager.do('stock.receive', { itemId, locationId: binA, quantity: 2 })
  await line(100)
  const approve = manager.mutation('count.approve', { countId, seen: 1e9 })
  await manager.push(approve, manager.mutation('stock.undo', { mutationId: approve.id }))
  expect(await quantityAt(itemId, binA)).toBe(7000)
})

test('[L5] an undo that arrives before its approval also restores the quantity before it', async () => {
  const { manager, countId, line, itemId, binA } = await openCount()
  await manager.do('stock.count', { itemId, locationId: binA, counted: 5 })
  await line(100)
  const approve = manager.mutation('count.approve', { countId, seen: 1e9 })
  await new TestDevice(parts, parts.manager).do('stock.undo', { mutationId: approve.id })
  await manager.push(approve)
  expect(await quantityAt(itemId, binA)).toBe(5000)
})

test('[N4] nobody has seen a line that is in the same batch as the approval', async () => {
  const { manager, countId, itemId, binA } = await openCount()
  const line = manager.mutation('stock.count', { itemId, locationId: binA, counted: 5, countId })
  const approve = manager.mutation('count.approve', { countId, seen: 1e9 })
  await manager.push(line, approve)
  expect((await lineOf(line.id)).state).toBe('waiting')
  expect(await quantityAt(itemId, binA)).toBeUndefined()
})

test('[N4] a late line reopens an approved count', async () => {
  const { manager, countId, line } = await openCount()
  await line(5)
  await manager.do('count.approve', { countId, seen: 1e9 })
  expect((await countOf(countId)).state).toBe('approved')
  await line(7)
  expect((await countOf(countId)).state).toBe('amended')
})

test('[N3] a sum takes effect at the time of its last line', async () => {
  const { manager, staff, countId, line, itemId, binA } = await openCount()
  await line(5)
  await staff.do('stock.withdraw', { itemId, locationId: binA, quantity: 1 })
  await line(3)
  await staff.do('stock.withdraw', { itemId, locationId: binA, quantity: 2 })
  const settle = [{ itemId, locationId: binA, take: 'sum' }]
  await manager.do('count.approve', { countId, seen: 1e9, settle })
  expect(await quantityAt(itemId, binA)).toBe(6000)
})

test('[N6] a movement during a count opens a review, whichever arrived first', async () => {
  const { itemId, binA, binB } = await openCount()
  const [counter, mover] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const during = { at: stampAgo(5_000, mover) }
  const count = (locationId: string) => ({ itemId, locationId, counted: 9, since: stampAgo(10_000, counter) })
  await mover.do('stock.receive', { itemId, locationId: binA, quantity: 1 }, during)
  const late = await counter.do('stock.count', count(binA))
  expect(late).toMatchObject({ status: 'merged', code: 'moved_during_count' })
  await counter.do('stock.count', count(binB))
  const early = { itemId, locationId: binB, quantity: 2 }
  const moved = await mover.do('stock.receive', early, { at: stampAgo(4_000, mover) })
  expect(moved).toMatchObject({ status: 'merged', code: 'moved_during_count' })
  expect([await quantityAt(itemId, binA), await quantityAt(itemId, binB)]).toEqual([9000, 9000])
  expect(await reviewsOf(parts.staff, 'moved_during_count')).toHaveLength(2)
  const third = new TestDevice(parts, parts.staff)
  const before = await third.do('stock.receive', early, { at: stampAgo(20_000, third) })
  expect(before.code).toBe('absorbed_by_count')
})

test('[N6] a count that applies again after a newer one was undone still opens a review about movements during it', async () => {
  const { itemId, binA } = await openCount()
  const [counter, mover] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const count = { itemId, locationId: binA, counted: 9, since: stampAgo(10_000, counter) }
  await counter.do('stock.count', count, { at: stampAgo(2_000, counter) })
  const newer = await counter.do('stock.count', { itemId, locationId: binA, counted: 5 })
  await counter.do('stock.undo', { mutationId: newer.id })
  const [position] = (await readRows(parts, 'positions')).filter((one) => one.itemId === itemId)
  expect(position).toMatchObject({ countedSince: count.since, quantity: 9000 })
  const early = { itemId, locationId: binA, quantity: 2 }
  const moved = await mover.do('stock.receive', early, { at: stampAgo(4_000, mover) })
  expect(moved).toMatchObject({ status: 'merged', code: 'moved_during_count' })
})

test('[N6] a movement during a count is found by the corrected time if the counting device has a fast clock', async () => {
  const { itemId, binA } = await openCount()
  const [counter, mover] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const hour = 3_600_000
  await mover.do('stock.receive', { itemId, locationId: binA, quantity: 2 }, { at: stampAgo(300_000, mover) })
  const args = { itemId, locationId: binA, counted: 5, since: stampAgo(600_000 - hour, counter) }
  const count = counter.mutation('stock.count', args, { at: stampAgo(-hour, counter) })
  const { results } = await counter.pushWhole([count], { deviceNow: Date.now() + hour })
  expect(results).toMatchObject([{ status: 'merged', code: 'moved_during_count', detail: { quantity: 2 } }])
})

test('[N6] the approval of a planned line checks for movements while it was counted', async () => {
  const { manager, staff, itemId, binA, countId } = await openCount()
  const since = stampAgo(8_000, staff)
  await staff.do('stock.count', { itemId, locationId: binA, counted: 9, countId, since })
  const mover = new TestDevice(parts, parts.staff)
  await mover.do('stock.receive', { itemId, locationId: binA, quantity: 2 }, { at: stampAgo(3_000, mover) })
  const approved = await manager.do('count.approve', { countId, seen: 1e9 })
  expect(approved).toMatchObject({ status: 'merged', code: 'moved_during_count' })
})

test('[T7] a movement that the clock correction moved across another device’s count opens a review', async () => {
  const { itemId, binA, binB } = await openCount()
  const [counter, mover] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const hour = 3_600_000
  const slow = (locationId: string, ageMs: number) =>
    mover.mutation('stock.receive', { itemId, locationId, quantity: 1 }, { at: stampAgo(hour + ageMs, mover) })
  const pushSlow = async (envelope: ReturnType<typeof slow>) =>
    (await mover.pushWhole([envelope], { deviceNow: Date.now() - hour })).results[0]!
  await counter.do('stock.count', { itemId, locationId: binA, counted: 5 }, { at: stampAgo(60_000, counter) })
  const after = await pushSlow(slow(binA, 0))
  expect(after).toMatchObject({ status: 'merged', code: 'clock_crossed_count' })
  expect(await quantityAt(itemId, binA)).toBe(6000)
  expect((await pushSlow(slow(binB, 0))).status).toBe('applied')
  const count = { itemId, locationId: binB, counted: 5 }
  expect(await counter.do('stock.count', count, { at: stampAgo(30_000, counter) })).toMatchObject({
    code: 'clock_crossed_count',
  })
})

test('[T7] a count that the clock correction moved across another device’s count opens a review, whichever arrived first', async () => {
  const { itemId, binA, binB } = await openCount()
  const [right, wrong] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const hour = 3_600_000
  const counted = (locationId: string) => ({ itemId, locationId, counted: 5 })
  const slow = async (locationId: string, seen?: number) => {
    const at = stampAgo(hour, wrong)
    const count = wrong.mutation('stock.count', counted(locationId), { at, ...(seen !== undefined && { seen }) })
    return (await wrong.pushWhole([count], { deviceNow: Date.now() - hour })).results[0]!
  }
  const early = right.mutation('stock.count', counted(binA), { at: stampAgo(60_000, right) })
  const { version } = await right.pushWhole([early])
  expect((await slow(binA, version)).status).toBe('applied')
  await right.do('stock.count', counted(binA))
  expect(await slow(binA, version)).toMatchObject({ status: 'merged', code: 'clock_crossed_count' })
  expect((await slow(binB)).status).toBe('applied')
  const late = { at: stampAgo(50_000, right) }
  const other = new TestDevice(parts, parts.staff)
  expect(await other.do('stock.count', counted(binB), late)).toMatchObject({ code: 'clock_crossed_count' })
})

test('[T7] a movement that the counter had seen was before the count, whatever the clocks said', async () => {
  const { itemId, binA } = await openCount()
  const [counter, mover] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const hour = 3_600_000
  const move = mover.mutation(
    'stock.receive',
    { itemId, locationId: binA, quantity: 4 },
    { at: stampAgo(-hour, mover) },
  )
  const { version } = await mover.pushWhole([move], { deviceNow: Date.now() + hour })
  const count = { itemId, locationId: binA, counted: 5 }
  const unseen = await counter.do('stock.count', count, { seen: version - 1 })
  expect(unseen).toMatchObject({ status: 'merged', code: 'clock_crossed_count' })
  expect((await counter.do('stock.count', count, { seen: version })).status).toBe('applied')
})

test('[T7] a movement by somebody who had seen the count was after it, whatever their clock said', async () => {
  const { itemId, binA } = await openCount()
  const [counter, mover] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const hour = 3_600_000
  const args = { itemId, locationId: binA, counted: 5 }
  const count = counter.mutation('stock.count', args, { at: stampAgo(20_000, counter) })
  const { version } = await counter.pushWhole([count])
  const move = (seen: number) =>
    mover.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 }, { seen, at: stampAgo(hour, mover) })
  const slow = { deviceNow: Date.now() - hour }
  const { results } = await mover.pushWhole([move(version), move(version), move(version - 1)], slow)
  expect(results.map(({ code }) => code)).toEqual([undefined, undefined, 'clock_crossed_count'])
  // Nobody has seen a count that arrives in the meantime.
  const again = counter.mutation('stock.count', args, { at: stampAgo(10_000, counter) })
  const [, late] = await Promise.all([counter.pushWhole([again]), mover.pushWhole([move(version + 1)], slow)])
  expect(late.results).toMatchObject([{ status: 'merged', code: 'clock_crossed_count' }])
})

test('[T7] stock taken before the count opens a review, even if the person who moved it saw the count before putting it away', async () => {
  const { itemId, binA, binB } = await openCount()
  const [counter, mover] = [new TestDevice(parts, parts.staff), new TestDevice(parts, parts.staff)]
  const hour = 3_600_000
  const count = { itemId, locationId: binA, counted: 5 }
  const counted = counter.mutation('stock.count', count, { at: stampAgo(20_000, counter) })
  const { version } = await counter.pushWhole([counted])
  const moved = { itemId, fromLocationId: binA, toLocationId: binB, quantity: 1 }
  const takenAt = stampAgo(30_000 - hour, mover)
  const put = (args: object) => mover.mutation('stock.transfer', args, { seen: version, at: stampAgo(-hour, mover) })
  const fast = { deviceNow: Date.now() + hour }
  const { results } = await mover.pushWhole([put(moved), put({ ...moved, takenAt })], fast)
  expect(results.map(({ code }) => code)).toEqual([undefined, 'clock_crossed_count'])
})

test('[T7] a device with a wrong clock does not open reviews about its own counts', async () => {
  const { itemId, binA } = await openCount()
  const device = new TestDevice(parts, parts.staff)
  const deviceNow = Date.now() - 3_600_000
  const at = (ms: number) => formatStamp({ ms: deviceNow + ms, counter: 0, device: device.clientId.slice(0, 8) })
  const count = device.mutation('stock.count', { itemId, locationId: binA, counted: 5 }, { at: at(-2000) })
  const move = device.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 }, { at: at(-1000) })
  const { results } = await device.pushWhole([count, move], { deviceNow })
  expect(results.map(({ status }) => status)).toEqual(['applied', 'applied'])
  expect(await quantityAt(itemId, binA)).toBe(6000)
})

test('[N5] a recount that is still refused does not drop any of its lines', async () => {
  const [manager, staff] = [new TestDevice(parts, parts.manager), new TestDevice(parts, parts.staff)]
  const { itemId, binA } = await stockRoom(manager)
  const countId = randomUUID()
  await manager.do('count.open', { id: countId, name: 'Winter', scope: {}, blind: false })
  const line = await staff.do('stock.count', { itemId, locationId: binA, counted: 6, countId })
  const recount = await manager.do('count.recount', { countId, lines: [line.id, randomUUID()] })
  expect(recount.code).toBe('depends_on_missing')
  expect((await manager.do('conflict.resolve', { id: recount.id, choice: 'resend' })).code).toBe('still_refused')
  expect((await readRows(parts, 'countLines')).find(({ id }) => id === line.id)?.state).toBe('waiting')
})
