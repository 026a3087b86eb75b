// What every Book answers alike, whatever lies below it: memory, a device, PostgreSQL.
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { levelKey, lotKey, positionKey } from '#shared/rows/rows.ts'

export interface BookUnderTest {
  /** Decides one mutation; resolves to its id and how it ended. */
  do(
    name: string,
    args: Record<string, unknown>,
  ): Promise<{ id: string; status: 'applied' | 'merged' | 'refused'; code?: string | undefined }>
  row<K extends Kind>(kind: K, key: string): Promise<Row<K> | undefined>
  /** Brings all that was done to where it has a version, if it needs bringing. */
  sync(): Promise<void>
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
    describePlannedCounts(room)
    describeLevels(room)
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

async function openCount({ book }: Room): Promise<string> {
  const countId = randomUUID()
  await book.do('count.open', { id: countId, name: 'Autumn', scope: {}, blind: true })
  return countId
}

/** The greatest version that a person may have seen: what is decided after it is news to them. */
const ALL = Number.MAX_SAFE_INTEGER

function describePlannedCounts(room: Room): void {
  test('[N1] a line of a planned count waits until it is approved, and then stands at the time when it was counted', async () => {
    const { book, binA } = room
    await book.do('stock.receive', { ...at(room, binA), quantity: 10 })
    const countId = await openCount(room)
    const line = await book.do('stock.count', { ...at(room, binA), counted: 7, countId })
    await book.do('stock.withdraw', { ...at(room, binA), quantity: 2 })
    expect(await quantity(room, binA)).toBe(8000)
    expect(await book.row('countLines', line.id)).toMatchObject({ countId, counted: 7000, state: 'waiting' })
    await book.sync()
    const approved = await book.do('count.approve', { countId, seen: ALL })
    expect(approved).toMatchObject({ status: 'applied' })
    await book.sync()
    expect(await quantity(room, binA)).toBe(5000)
    expect((await book.row('countLines', line.id))?.state).toBe('approved')
    expect((await book.row('counts', countId))?.state).toBe('approved')
  })

  test('[N2] who joined a count is waited for until they submit, unless a manager says why not', async () => {
    const { book, binA } = room
    const countId = await openCount(room)
    await book.do('count.join', { countId })
    await book.do('stock.count', { ...at(room, binA), counted: 7, countId })
    await book.sync()
    expect(await book.do('count.approve', { countId, seen: ALL })).toMatchObject({ code: 'count_unsynced' })
    const { counters } = (await book.row('counts', countId))!
    expect(counters).toMatchObject([{ submittedAt: null }])
    await book.do('count.submit', { countId })
    expect(await book.do('count.approve', { countId, seen: ALL })).toMatchObject({ status: 'applied' })
  })

  test('[N3] rival lines wait for a choice: their sum, or one of them', async () => {
    const { book, binA, binB } = room
    const countId = await openCount(room)
    for (const counted of [3, 4]) await book.do('stock.count', { ...at(room, binA), counted, countId })
    await book.do('stock.count', { ...at(room, binB), counted: 5, countId })
    const chosen = await book.do('stock.count', { ...at(room, binB), counted: 6, countId })
    await book.sync()
    expect(await book.do('count.approve', { countId, seen: ALL })).toMatchObject({ code: 'count_rivals' })
    expect(await quantity(room, binA)).toBe(0)
    const settle = [
      { ...at(room, binA), take: 'sum' },
      { ...at(room, binB), take: chosen.id },
    ]
    expect(await book.do('count.approve', { countId, seen: ALL, settle })).toMatchObject({ status: 'applied' })
    await book.sync()
    expect([await quantity(room, binA), await quantity(room, binB)]).toEqual([7000, 6000])
    expect((await book.row('countLines', chosen.id))?.state).toBe('approved')
  })

  test('[N5] a line that is counted again, taken back or cancelled never takes effect', async () => {
    const { book, binA, binB } = room
    const countId = await openCount(room)
    const again = await book.do('stock.count', { ...at(room, binA), counted: 3, countId })
    const wrong = await book.do('stock.count', { ...at(room, binB), counted: 300, countId })
    await book.sync()
    await book.do('count.recount', { countId, lines: [again.id] })
    await book.do('stock.undo', { mutationId: wrong.id })
    await book.do('stock.count', { ...at(room, binA), counted: 5, countId })
    await book.sync()
    expect(await book.do('count.approve', { countId, seen: ALL })).toMatchObject({ status: 'applied' })
    expect([await quantity(room, binA), await quantity(room, binB)]).toEqual([5000, 0])
    expect((await book.row('countLines', wrong.id))?.state).toBe('void')
    expect(await book.do('stock.undo', { mutationId: again.id })).toMatchObject({ status: 'applied' })

    const other = await openCount(room)
    const dropped = await book.do('stock.count', { ...at(room, binB), counted: 9, countId: other })
    await book.sync()
    await book.do('count.cancel', { countId: other })
    expect((await book.row('countLines', dropped.id))?.state).toBe('dropped')
    expect(await book.do('count.approve', { countId: other, seen: ALL })).toMatchObject({ code: 'not_open' })
    const late = await book.do('stock.count', { ...at(room, binB), counted: 8, countId: other })
    expect(late).toMatchObject({ status: 'merged', code: 'count_cancelled' })
    expect(await quantity(room, binB)).toBe(0)
  })

  test('[S5] an approval can be undone as a whole, an approved line cannot', async () => {
    const { book, binA } = room
    await book.do('stock.receive', { ...at(room, binA), quantity: 10 })
    const countId = await openCount(room)
    const line = await book.do('stock.count', { ...at(room, binA), counted: 7, countId })
    await book.sync()
    const approved = await book.do('count.approve', { countId, seen: ALL })
    expect(await quantity(room, binA)).toBe(7000)
    expect(await book.do('stock.undo', { mutationId: line.id })).toMatchObject({ code: 'nothing_to_undo' })
    await book.do('stock.undo', { mutationId: approved.id })
    await book.sync()
    expect(await quantity(room, binA)).toBe(10_000)
  })
}

function describeLevels(room: Room): void {
  test('[C8] levels are set for an item everywhere, or at one place; with none left the row is gone', async () => {
    const { book, itemId, binA } = room
    await book.do('level.set', { itemId, low: 5, target: 20 })
    expect(await book.row('items', itemId)).toMatchObject({ low: 5000, high: null, target: 20_000 })
    await book.do('level.set', { itemId, locationId: binA, low: 2 })
    await book.do('level.set', { itemId, locationId: binA, high: 9.5 })
    const level = await book.row('levels', levelKey(itemId, binA))
    expect(level).toMatchObject({ low: 2000, high: 9500, target: null, deleted: false })
    await book.do('level.set', { itemId, locationId: binA, low: null, high: null })
    expect((await book.row('levels', levelKey(itemId, binA)))?.deleted ?? true).toBe(true)
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

  test('[C5] below 32 others is deep enough, and what would lie deeper is told so', async () => {
    const { book, binA } = room
    const chain = [binA, ...Array.from({ length: 32 }, () => randomUUID())]
    for (const [index, id] of chain.slice(1).entries()) {
      const made = await book.do('location.create', { id, name: `Level ${index + 1}`, parentId: chain[index] })
      expect(made.status).toBe('applied')
    }
    const below = { id: randomUUID(), name: 'Too deep', parentId: chain.at(-1) }
    expect(await book.do('location.create', below)).toMatchObject({ status: 'refused', code: 'too_deep' })
    const turned = { id: binA, set: { parentId: chain.at(-1) }, base: { parentId: null } }
    expect(await book.do('location.update', turned)).toMatchObject({ status: 'refused', code: 'cycle' })
  })

  for (const kind of ['location', 'category'] as const) {
    test(`[C5] what lies in a ${kind} that is moved comes no deeper than 32 others either`, async () => {
      const { book } = room
      const make = async (parentId?: string) => {
        const id = randomUUID()
        await book.do(`${kind}.create`, { id, name: 'Level', ...(parentId !== undefined && { parentId }) })
        return id
      }
      const chain = [await make()]
      for (let depth = 1; depth <= 30; depth++) chain.push(await make(chain.at(-1)))
      const shelf = await make()
      const bin = await make(await make(shelf)) // two levels below it
      await make(shelf)
      const move = (id: string, parentId: string | null) =>
        book.do(`${kind}.update`, { id, set: { parentId }, base: {} })
      expect(await move(shelf, chain.at(-1)!)).toMatchObject({ status: 'refused', code: 'too_deep' })
      await book.sync()
      expect(await move(shelf, chain.at(-1)!)).toMatchObject({ status: 'refused', code: 'too_deep' })
      const rows = kind === 'location' ? 'locations' : 'categories'
      expect((await book.row(rows, shelf))?.parentId).toBeNull()
      expect(await move(shelf, chain.at(-2)!)).toMatchObject({ status: 'applied' })
      expect(await move(chain[1]!, await make())).toMatchObject({ status: 'applied' })
      expect(await move(bin, chain.at(-1)!)).toMatchObject({ status: 'applied' })
      // Its two levels are one by now.
      expect(await move(shelf, chain.at(-1)!)).toMatchObject({ status: 'applied' })
    })
  }

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
