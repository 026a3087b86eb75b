// Reviews with two sides, levels of locations, alerts that people act on, and barcodes attached and detached out of
// order.
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { readRows, stockRoom, TestDevice, useLedger } from '../../support/ledger-under-test.ts'

const parts = useLedger()

const itemOf = async (id: string) => (await readRows(parts, 'items')).find((item) => item.id === id)!
const barcodeOf = async (code: string) => (await readRows(parts, 'barcodes')).find((one) => one.code === code)
const openReview = async (code: string) =>
  (await readRows(parts, 'conflicts')).find((one) => one.code === code && one.state === 'open')!
const managerDevice = () => new TestDevice(parts, parts.manager)
const pause = () => new Promise((resolve) => setTimeout(resolve, 5))

test('[M8] the value that lost can be taken instead, with levels in their own units', async () => {
  const [one, two] = [managerDevice(), managerDevice()]
  const { itemId } = await stockRoom(one, { low: 1 })
  await pause()
  const base = { low: 1 }
  await one.do('item.update', { id: itemId, set: { low: 2.5 }, base })
  await pause()
  await two.do('item.update', { id: itemId, set: { low: 4 }, base })
  expect((await itemOf(itemId)).low).toBe(4000)
  const review = await openReview('field_clash')
  expect(await one.do('conflict.resolve', { id: review.id, choice: 'take' })).toMatchObject({ status: 'applied' })
  expect((await itemOf(itemId)).low).toBe(2500)
  expect(await one.do('conflict.resolve', { id: review.id, choice: 'take' })).toMatchObject({ code: 'not_open' })
})

test('[M8] a SKU, a barcode or a location barcode can be given to the other row', async () => {
  const device = managerDevice()
  const { itemId, binA, binB } = await stockRoom(device, { sku: 'S1', barcodes: [{ code: 'B1' }] })
  const other = randomUUID()
  await device.do('item.create', { id: other, name: 'Other', sku: 'S1', barcodes: [{ code: 'B1' }] })
  await device.do('location.update', { id: binA, set: { barcode: 'L1' }, base: {} })
  await device.do('location.update', { id: binB, set: { barcode: 'L1' }, base: {} })
  for (const code of ['sku_taken', 'barcode_taken', 'location_barcode_taken']) {
    const { id } = await openReview(code)
    expect((await device.do('conflict.resolve', { id, choice: 'take' })).status).toBe('applied')
  }
  expect([(await itemOf(itemId)).sku, (await itemOf(other)).sku]).toEqual([null, 'S1'])
  expect(await barcodeOf('B1')).toMatchObject({ itemId: other, deleted: false })
  const locations = await readRows(parts, 'locations')
  expect(locations.find(({ id }) => id === binB)?.barcode).toBe('L1')
})

test('[M8] a barcode that is given to the other item gets the pack quantity that it would have had there', async () => {
  const device = managerDevice()
  await stockRoom(device, { barcodes: [{ code: 'PACK' }] })
  const other = randomUUID()
  await device.do('item.create', { id: other, name: 'Other', barcodes: [{ code: 'PACK', packQuantity: 12 }] })
  await device.do('conflict.resolve', { id: (await openReview('barcode_taken')).id, choice: 'take' })
  expect(await barcodeOf('PACK')).toMatchObject({ itemId: other, packQuantity: 12_000 })
})

test('[M8] taking the other side restores an archived row or corrects an expiry date, and a review with one side can only be kept', async () => {
  const device = managerDevice()
  const { itemId, binA } = await stockRoom(device, { tracksLots: true })
  await device.do('stock.receive', { itemId, locationId: binA, lot: 'L', expiresOn: '2027-01-01', quantity: 1 })
  await device.do('stock.receive', { itemId, locationId: binA, lot: 'L', expiresOn: '2027-02-01', quantity: 1 })
  await device.do('item.archive', { id: itemId })
  await device.do('location.archive', { id: binA })
  await device.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
  for (const code of ['expiry_differs', 'item_archived', 'location_archived']) {
    const { id } = await openReview(code)
    expect((await device.do('conflict.resolve', { id, choice: 'take' })).status).toBe('applied')
  }
  expect((await itemOf(itemId)).archived).toBe(false)
  expect((await readRows(parts, 'locations')).find(({ id }) => id === binA)?.archived).toBe(false)
  expect((await readRows(parts, 'lots')).find((lot) => lot.itemId === itemId)?.expiresOn).toBe('2027-02-01')
  const missing = await openReview('lot_missing')
  expect(await device.do('conflict.resolve', { id: missing.id, choice: 'take' })).toMatchObject({ code: 'bad_args' })
  expect(await device.do('conflict.resolve', { id: missing.id, choice: 'resend' })).toMatchObject({ code: 'bad_args' })
  expect((await device.do('conflict.resolve', { id: missing.id, choice: 'keep' })).status).toBe('applied')
})

test('[M8] staff cannot take a side that needs a manager', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA } = await stockRoom(manager)
  await manager.do('item.archive', { id: itemId })
  await pause()
  await staff.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
  const { id } = await openReview('item_archived')
  expect(await staff.do('conflict.resolve', { id, choice: 'take' })).toMatchObject({ code: 'role_too_low' })
  expect((await itemOf(itemId)).archived).toBe(true)
})

test('[C7] of attaching and detaching a barcode the later change wins, whichever arrives first', async () => {
  const [one, two, three] = [managerDevice(), managerDevice(), managerDevice()]
  const { itemId } = await stockRoom(one)
  const attach = (device: TestDevice, packQuantity?: number) =>
    device.mutation('barcode.attach', { itemId, code: 'C7', ...(packQuantity !== undefined && { packQuantity }) })
  const first = attach(one, 12)
  await pause()
  const off = two.mutation('barcode.detach', { itemId, code: 'C7' })
  await one.push(first)
  await pause()
  const again = attach(three)
  await three.push(again)
  expect((await two.push(off))[0]).toMatchObject({ status: 'merged', code: 'changed_later' })
  expect(await barcodeOf('C7')).toMatchObject({ deleted: false, packQuantity: 12_000 })
  const early = attach(one, 6)
  await pause()
  await two.do('barcode.detach', { itemId, code: 'C7' })
  expect((await one.push(early))[0]).toMatchObject({ status: 'merged', code: 'changed_later' })
  expect((await barcodeOf('C7'))?.deleted).toBe(true)
})

test('[A3] a location with a level of its own has alerts of its own', async () => {
  const device = managerDevice()
  const { itemId, binA, binB } = await stockRoom(device)
  await device.do('stock.receive', { itemId, locationId: binA, quantity: 10 })
  await device.do('stock.receive', { itemId, locationId: binB, quantity: 100 })
  await device.do('level.set', { itemId, locationId: binA, low: 5 })
  const alerts = async () => (await readRows(parts, 'alerts')).filter((alert) => alert.itemId === itemId)
  expect(await alerts()).toEqual([])
  await device.do('stock.withdraw', { itemId, locationId: binA, quantity: 6 })
  expect(await alerts()).toMatchObject([{ kind: 'low_stock', locationId: binA, quantity: 4000, state: 'open' }])
  await device.do('level.set', { itemId, locationId: binA, low: null })
  expect(await alerts()).toMatchObject([{ state: 'resolved' }])
  await device.do('level.set', { itemId, low: 200 })
  expect((await alerts()).filter(({ state }) => state === 'open')).toMatchObject([{ locationId: null }])
})

test('[A3] an alert stays acknowledged or snoozed while the stock moves below its level', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA } = await stockRoom(manager, { low: 5 })
  await staff.do('stock.receive', { itemId, locationId: binA, quantity: 3 })
  const alertOf = async () => (await readRows(parts, 'alerts')).find((alert) => alert.itemId === itemId)!
  const { id } = await alertOf()
  await staff.do('alert.acknowledge', { id })
  await manager.do('alert.snooze', { id, until: 1_800_000_000_000 })
  await staff.do('stock.withdraw', { itemId, locationId: binA, quantity: 1 })
  expect(await alertOf()).toMatchObject({
    state: 'acknowledged',
    acknowledgedBy: parts.staff,
    snoozedUntil: 1_800_000_000_000,
    quantity: 2000,
  })
  const inOne = [
    staff.mutation('stock.receive', { itemId, locationId: binA, quantity: 50 }),
    staff.mutation('alert.snooze', { id, until: 1 }),
  ]
  await staff.push(...inOne)
  expect(await alertOf()).toMatchObject({ state: 'resolved', snoozedUntil: 1 })
  expect(await staff.do('alert.acknowledge', { id })).toMatchObject({ status: 'merged', code: 'already_resolved' })
})

test('[S3] all movements after an archiving open one review together, and another after the next archiving', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA } = await stockRoom(manager)
  const receive = () => staff.do('stock.receive', { itemId, locationId: binA, quantity: 1 })
  const reviews = async () => {
    const all = (await readRows(parts, 'conflicts')).filter(({ code }) => code === 'item_archived')
    return all.filter(({ detail }) => detail?.['itemId'] === itemId).length
  }
  await manager.do('item.archive', { id: itemId })
  await pause()
  expect((await receive()).status).toBe('merged')
  expect(await receive()).toMatchObject({ status: 'merged', code: 'item_archived' })
  expect(await reviews()).toBe(1)
  await manager.do('item.restore', { id: itemId })
  expect((await receive()).status).toBe('applied')
  await manager.do('item.archive', { id: itemId })
  await pause()
  await receive()
  expect(await reviews()).toBe(2)
})

test('[S3] movements that arrived before an earlier archiving open its one review when that arrives', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA, binB } = await stockRoom(manager)
  const reviewsAbout = async (id: string) => {
    const all = await readRows(parts, 'conflicts')
    return all.filter(({ code, detail }) => code.endsWith('_archived') && Object.values(detail ?? {}).includes(id))
      .length
  }
  const receive = (locationId: string) => staff.do('stock.receive', { itemId, locationId, quantity: 1 })
  const offline = [
    manager.mutation('item.archive', { id: itemId }),
    manager.mutation('location.archive', { id: binA }),
    manager.mutation('location.archive', { id: binB }),
  ]
  await pause()
  expect((await receive(binA)).status).toBe('applied')
  const undone = await receive(binB)
  await staff.do('stock.undo', { mutationId: undone.id })
  const statuses = (await manager.push(...offline)).map(({ status }) => status)
  expect(statuses).toEqual(['merged', 'merged', 'applied'])
  expect((await itemOf(itemId)).archived).toBe(true)
  await receive(binA)
  expect([await reviewsAbout(itemId), await reviewsAbout(binA), await reviewsAbout(binB)]).toEqual([1, 1, 0])
  const early = managerDevice().mutation('item.archive', { id: itemId }, { at: offline[0]!.at })
  await manager.do('item.restore', { id: itemId })
  await managerDevice().push({ ...early, seq: 1 })
  expect((await itemOf(itemId)).archived).toBe(false)
  expect(await reviewsAbout(itemId)).toBe(1)
})

test('[S3] a waiting line of a planned count opens a review when an archiving arrives, like any movement', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA, binB } = await stockRoom(manager)
  const countId = randomUUID()
  await manager.do('count.open', { id: countId, name: 'Spring', scope: {}, blind: false })
  const count = (locationId: string) => ({ itemId, locationId, counted: 3, countId })
  const before = staff.mutation('stock.count', count(binA))
  await pause()
  const offline = [
    manager.mutation('item.archive', { id: itemId }),
    manager.mutation('location.archive', { id: binA }),
    manager.mutation('location.archive', { id: binB }),
  ]
  await pause()
  await staff.push(before, staff.mutation('stock.count', count(binA)))
  const takenBack = await staff.do('stock.count', count(binB))
  await staff.do('stock.undo', { mutationId: takenBack.id })
  const results = await manager.push(...offline)
  expect(results).toMatchObject([
    { status: 'merged', code: 'item_archived' },
    { status: 'merged', code: 'location_archived' },
    { status: 'applied' },
  ])
  expect(await reviewAbout('location_archived', binA)).toMatchObject({ userId: parts.manager })
})

test('[S3] a line of a planned count in the same group as the archiving opens a review too', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA } = await stockRoom(manager)
  const countId = randomUUID()
  await manager.do('count.open', { id: countId, name: 'Spring', scope: {}, blind: false })
  const archive = manager.mutation('location.archive', { id: binA })
  await pause()
  const line = staff.mutation('stock.count', { itemId, locationId: binA, counted: 3, countId })
  const [, [counted], [archived]] = await Promise.all([
    managerDevice().do('level.set', { itemId, low: 1 }), // while this is committed, the others form the next group
    staff.push(line),
    manager.push(archive),
  ])
  expect([counted!.status, archived!.status]).toEqual(['applied', 'merged'])
})

test('[S3] a movement in the same group as the archiving opens a review', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA } = await stockRoom(manager)
  const archive = manager.mutation('item.archive', { id: itemId })
  await pause()
  const receive = staff.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 })
  const [, [moved], [archived]] = await Promise.all([
    managerDevice().do('level.set', { itemId, low: 1 }), // while this is committed, the others form the next group
    staff.push(receive),
    manager.push(archive),
  ])
  expect([moved!.status, archived!.status]).toEqual(['applied', 'merged'])
})

const reviewAbout = async (code: string, id: string) =>
  (await readRows(parts, 'conflicts')).find(
    (one) => one.code === code && one.state === 'open' && Object.values(one.detail ?? {}).includes(id),
  )!

test('[M8] the side that lost to an update that was sent again can be taken', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId } = await stockRoom(manager)
  const refused = await staff.do('item.update', { id: itemId, set: { name: 'Three' }, base: { name: 'One' } })
  await manager.do('item.update', { id: itemId, set: { name: 'Two' }, base: {} })
  await manager.do('conflict.resolve', { id: refused.id, choice: 'resend' })
  const review = await reviewAbout('field_clash', itemId)
  expect(review.detail).toMatchObject({ kept: 'Two', lost: 'Three' })
  expect((await manager.do('conflict.resolve', { id: review.id, choice: 'take' })).status).toBe('applied')
  expect((await itemOf(itemId)).name).toBe('Three')
})

test('[M8] taking a code does not change what its owner has been given since', async () => {
  const manager = managerDevice()
  const [owner, taker, other] = [randomUUID(), randomUUID(), randomUUID()]
  const [sku, code] = [randomUUID(), randomUUID()]
  await manager.do('item.create', { id: owner, name: 'Owner', sku, barcodes: [{ code }] })
  await manager.do('item.create', { id: taker, name: 'Taker', sku, barcodes: [{ code }] })
  await manager.do('item.update', { id: owner, set: { sku: `new ${sku}` }, base: { sku } })
  await manager.do('conflict.resolve', { id: (await reviewAbout('sku_taken', taker)).id, choice: 'take' })
  expect([(await itemOf(owner)).sku, (await itemOf(taker)).sku]).toEqual([`new ${sku}`, sku])
  await manager.do('barcode.detach', { itemId: owner, code })
  await manager.do('item.create', { id: other, name: 'Other', barcodes: [{ code }] })
  const stale = await reviewAbout('barcode_taken', taker)
  expect(await manager.do('conflict.resolve', { id: stale.id, choice: 'take' })).toMatchObject({
    code: 'barcode_taken',
  })
  expect(await reviewAbout('barcode_taken', taker)).toMatchObject({ detail: { itemId: taker, ownerId: other } })
  expect((await barcodeOf(code))?.itemId).toBe(other)
})

test('[C7] an explicit pack quantity wins over a missing one, whichever arrives first', async () => {
  const { itemId } = await stockRoom(managerDevice())
  for (const order of ['as made', 'the other way']) {
    const [one, two, code] = [managerDevice(), managerDevice(), randomUUID()]
    const packed = one.mutation('barcode.attach', { itemId, code, packQuantity: 6 })
    await pause()
    const plain = two.mutation('barcode.attach', { itemId, code })
    if (order === 'as made') await one.push(packed)
    await two.push(plain)
    await one.push(packed)
    expect(await barcodeOf(code), order).toMatchObject({ deleted: false, packQuantity: 6000 })
  }
})

test('[M6] a manager can send a refused resolution again, and it resolves the original conflict', async () => {
  const [manager, staff] = [managerDevice(), new TestDevice(parts, parts.staff)]
  const { itemId, binA } = await stockRoom(manager)
  const short = await manager.do('stock.withdraw', { itemId, locationId: binA, quantity: 4 }, { strict: true })
  const refused = await staff.do('conflict.resolve', { id: short.id, choice: 'record' })
  expect(refused.code).toBe('not_yours')
  expect((await manager.do('conflict.resolve', { id: refused.id, choice: 'resend' })).status).toBe('applied')
  expect((await readRows(parts, 'positions')).find((one) => one.itemId === itemId)?.quantity).toBe(-4000)
})
