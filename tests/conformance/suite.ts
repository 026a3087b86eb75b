// What every Book answers alike, whatever lies below it: memory, a device, PostgreSQL.
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { lotKey, positionKey } from '#shared/rows/rows.ts'

export interface BookUnderTest {
  /** Decides one mutation; resolves to its id and how it ended. */
  do(
    name: string,
    args: Record<string, unknown>,
  ): Promise<{ id: string; status: 'applied' | 'merged' | 'refused'; code?: string | undefined }>
  row<K extends Kind>(kind: K, key: string): Promise<Row<K> | undefined>
}

interface Room {
  book: BookUnderTest
  itemId: string
  binA: string
  binB: string
}

export function describeBook(name: string, open: () => Promise<BookUnderTest>): void {
  describe(`the Book over ${name}`, () => {
    const room = {} as Room
    beforeEach(async () => {
      const book = await open()
      Object.assign(room, { book, itemId: randomUUID(), binA: randomUUID(), binB: randomUUID() })
      await book.do('item.create', { id: room.itemId, name: 'Sour Worm', sku: `SKU-${room.itemId}` })
      await book.do('location.create', { id: room.binA, name: 'A' })
      await book.do('location.create', { id: room.binB, name: 'B' })
    })
    describeStock(room)
    describeUndo(room)
    describeCatalogue(room)
  })
}

const at = (room: Room, locationId: string, lot = '') => ({ itemId: room.itemId, locationId, ...(lot && { lot }) })

async function quantity(room: Room, locationId: string, lot = ''): Promise<number> {
  return (await room.book.row('positions', positionKey(room.itemId, locationId, lot)))?.quantity ?? 0
}

function describeStock(room: Room): void {
  test('[B2] receives, withdraws, moves and counts add up', async () => {
    const { book, binA, binB } = room
    await book.do('stock.receive', { ...at(room, binA), quantity: 10.5 })
    await book.do('stock.withdraw', { ...at(room, binA), quantity: 0.25 })
    expect(await quantity(room, binA)).toBe(10_250)
    await book.do('stock.transfer', { itemId: room.itemId, fromLocationId: binA, toLocationId: binB, quantity: 4 })
    expect([await quantity(room, binA), await quantity(room, binB)]).toEqual([6250, 4000])
    await book.do('stock.count', { ...at(room, binB), counted: 40 })
    await book.do('stock.withdraw', { ...at(room, binB), quantity: 1 })
    expect(await quantity(room, binB)).toBe(39_000)
  })

  test('[B3] what goes below zero is recorded, and later mutations see it', async () => {
    const { book, binA } = room
    expect((await book.do('stock.withdraw', { ...at(room, binA), quantity: 3 })).status).toBe('applied')
    expect(await quantity(room, binA)).toBe(-3000)
    await book.do('stock.receive', { ...at(room, binA), quantity: 5 })
    expect(await quantity(room, binA)).toBe(2000)
  })

  test('[S4] a lot keeps its first expiry', async () => {
    const { book, binA, itemId } = room
    await book.do('stock.receive', { ...at(room, binA, 'L1'), quantity: 1, expiresOn: '2027-01-31' })
    const second = await book.do('stock.receive', { ...at(room, binA, 'L1'), quantity: 1, expiresOn: '2027-02-28' })
    expect(second).toMatchObject({ status: 'merged', code: 'expiry_differs' })
    expect((await book.row('lots', lotKey(itemId, 'L1')))?.expiresOn).toBe('2027-01-31')
    expect(await quantity(room, binA, 'L1')).toBe(2000)
  })

  test('[S2] moving to where it is already is refused, and changes nothing', async () => {
    const { book, binA, itemId } = room
    const moved = await book.do('stock.transfer', { itemId, fromLocationId: binA, toLocationId: binA, quantity: 1 })
    expect(moved).toMatchObject({ status: 'refused', code: 'same_place' })
    expect(await quantity(room, binA)).toBe(0)
  })

  test('[M5] what names something unknown is refused with what is missing', async () => {
    const lost = await room.book.do('stock.receive', { itemId: randomUUID(), locationId: room.binA, quantity: 1 })
    expect(lost).toMatchObject({ status: 'refused', code: 'depends_on_missing' })
  })
}

function describeUndo(room: Room): void {
  test('[S5] undoing a movement takes it back, a second time nothing more', async () => {
    const { book, binA, binB, itemId } = room
    await book.do('stock.receive', { ...at(room, binA), quantity: 10 })
    const moved = await book.do('stock.transfer', { itemId, fromLocationId: binA, toLocationId: binB, quantity: 4 })
    await book.do('stock.undo', { mutationId: moved.id })
    expect([await quantity(room, binA), await quantity(room, binB)]).toEqual([10_000, 0])
    expect(await book.do('stock.undo', { mutationId: moved.id })).toMatchObject({
      status: 'merged',
      code: 'already_undone',
    })
    expect(await quantity(room, binA)).toBe(10_000)
  })

  test('[L5] undoing a count brings back what lay under it, with what came after', async () => {
    const { book, binA } = room
    await book.do('stock.receive', { ...at(room, binA), quantity: 10 })
    await book.do('stock.count', { ...at(room, binA), counted: 8 })
    const wrong = await book.do('stock.count', { ...at(room, binA), counted: 800 })
    await book.do('stock.withdraw', { ...at(room, binA), quantity: 1 })
    await book.do('stock.undo', { mutationId: wrong.id })
    expect(await quantity(room, binA)).toBe(7000)
  })

  test('an undo itself cannot be undone', async () => {
    const { book, binA } = room
    const received = await book.do('stock.receive', { ...at(room, binA), quantity: 1 })
    const undo = await book.do('stock.undo', { mutationId: received.id })
    expect(await book.do('stock.undo', { mutationId: undo.id })).toMatchObject({
      status: 'refused',
      code: 'nothing_to_undo',
    })
  })
}

function describeCatalogue(room: Room): void {
  test('[C3] a taken SKU or barcode never refuses a create', async () => {
    const { book, itemId } = room
    const other = randomUUID()
    await book.do('barcode.attach', { itemId, code: '4006381333931', packQuantity: 12 })
    const created = await book.do('item.create', {
      id: other,
      name: 'Twin',
      sku: `SKU-${itemId}`,
      barcodes: [{ code: '4006381333931' }],
    })
    expect(created).toMatchObject({ status: 'merged', code: 'sku_taken' })
    expect(await book.row('items', other)).toMatchObject({ name: 'Twin', sku: null })
    expect(await book.row('barcodes', '04006381333931')).toMatchObject({ itemId, packQuantity: 12_000 })
  })

  test('[C3] a SKU that was given up can be taken', async () => {
    const { book, itemId } = room
    const sku = `SKU-${itemId}`
    await book.do('item.update', { id: itemId, set: { sku: null }, base: { sku } })
    const other = randomUUID()
    expect((await book.do('item.create', { id: other, name: 'Heir', sku })).status).toBe('applied')
    expect((await book.row('items', other))?.sku).toBe(sku)
  })

  test('[C5] a tree has no cycles', async () => {
    const { book, binA, binB } = room
    await book.do('location.update', { id: binB, set: { parentId: binA }, base: { parentId: null } })
    const turned = await book.do('location.update', { id: binA, set: { parentId: binB }, base: { parentId: null } })
    expect(turned).toMatchObject({ status: 'refused', code: 'cycle' })
    expect((await book.row('locations', binA))?.parentId).toBeNull()
  })

  test('[C6] archived items keep their stock, and can be restored', async () => {
    const { book, itemId, binA } = room
    await book.do('stock.receive', { ...at(room, binA), quantity: 3 })
    await book.do('item.archive', { id: itemId })
    expect((await book.row('items', itemId))?.archived).toBe(true)
    expect(await quantity(room, binA)).toBe(3000)
    await book.do('item.restore', { id: itemId })
    expect((await book.row('items', itemId))?.archived).toBe(false)
  })

  test('levels are kept in thousandths, and null clears a field', async () => {
    const { book, itemId } = room
    await book.do('item.update', { id: itemId, set: { low: 2.5, notes: 'cold' }, base: {} })
    expect(await book.row('items', itemId)).toMatchObject({ low: 2500, notes: 'cold' })
    await book.do('item.update', { id: itemId, set: { notes: null }, base: { notes: 'cold' } })
    expect((await book.row('items', itemId))?.notes).toBeNull()
  })
}
