// The rules that every working set must keep, over memory, over a device and over PostgreSQL.
import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { levelKey, lotKey, positionKey } from '#shared/rows/rows.ts'

export interface WorkingSetUnderTest {
  /** Decides one mutation; resolves to its id and how it ended. */
  do(
    name: string,
    args: Record<string, unknown>,
  ): Promise<{ id: string; status: 'applied' | 'merged' | 'refused'; code?: string | undefined }>
  row<K extends Kind>(kind: K, key: string): Promise<Row<K> | undefined>
  /** Gives a version to everything done so far, if the working set needs this step. */
  sync(): Promise<void>
}

interface Fixture {
  workingSet: WorkingSetUnderTest
  itemId: string
  binA: string
  binB: string
}

export function describeWorkingSet(name: string, open: () => Promise<WorkingSetUnderTest>): void {
  describe(`the working set over ${name}`, () => {
    const fixture = {} as Fixture
    beforeEach(async () => {
      const workingSet = await open()
      Object.assign(fixture, { workingSet, itemId: randomUUID(), binA: randomUUID(), binB: randomUUID() })
      await workingSet.do('item.create', { id: fixture.itemId, name: 'Sour Worm', sku: `SKU-${fixture.itemId}` })
      await workingSet.do('location.create', { id: fixture.binA, name: 'A' })
      await workingSet.do('location.create', { id: fixture.binB, name: 'B' })
    })
    describeStock(fixture)
    describeUndo(fixture)
    describeCatalogue(fixture)
    describePlannedCounts(fixture)
    describeLevels(fixture)
  })
}

const at = (fixture: Fixture, locationId: string, lot = '') => ({
  itemId: fixture.itemId,
  locationId,
  ...(lot && { lot }),
})

async function quantity(fixture: Fixture, locationId: string, lot = ''): Promise<number> {
  return (await fixture.workingSet.row('positions', positionKey(fixture.itemId, locationId, lot)))?.quantity ?? 0
}

function describeStock(fixture: Fixture): void {
  test('[B2] receipts, withdrawals, transfers and counts add up', async () => {
    const { workingSet, binA, binB } = fixture
    await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 10.5 })
    await workingSet.do('stock.withdraw', { ...at(fixture, binA), quantity: 0.25 })
    expect(await quantity(fixture, binA)).toBe(10_250)
    await workingSet.do('stock.transfer', {
      itemId: fixture.itemId,
      fromLocationId: binA,
      toLocationId: binB,
      quantity: 4,
    })
    expect([await quantity(fixture, binA), await quantity(fixture, binB)]).toEqual([6250, 4000])
    await workingSet.do('stock.count', { ...at(fixture, binB), counted: 40 })
    await workingSet.do('stock.withdraw', { ...at(fixture, binB), quantity: 1 })
    expect(await quantity(fixture, binB)).toBe(39_000)
  })

  test('[B3] a quantity below zero is recorded, and later mutations see it', async () => {
    const { workingSet, binA } = fixture
    expect((await workingSet.do('stock.withdraw', { ...at(fixture, binA), quantity: 3 })).status).toBe('applied')
    expect(await quantity(fixture, binA)).toBe(-3000)
    await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 5 })
    expect(await quantity(fixture, binA)).toBe(2000)
  })

  test('[S4] a lot keeps its first expiry date', async () => {
    const { workingSet, binA, itemId } = fixture
    await workingSet.do('stock.receive', { ...at(fixture, binA, 'L1'), quantity: 1, expiresOn: '2027-01-31' })
    const second = await workingSet.do('stock.receive', {
      ...at(fixture, binA, 'L1'),
      quantity: 1,
      expiresOn: '2027-02-28',
    })
    expect(second).toMatchObject({ status: 'merged', code: 'expiry_differs' })
    expect((await workingSet.row('lots', lotKey(itemId, 'L1')))?.expiresOn).toBe('2027-01-31')
    expect(await quantity(fixture, binA, 'L1')).toBe(2000)
  })

  test('[S2] a transfer from a location to itself is refused and does not change the quantity', async () => {
    const { workingSet, binA, itemId } = fixture
    const moved = await workingSet.do('stock.transfer', {
      itemId,
      fromLocationId: binA,
      toLocationId: binA,
      quantity: 1,
    })
    expect(moved).toMatchObject({ status: 'refused', code: 'same_place' })
    expect(await quantity(fixture, binA)).toBe(0)
  })

  test('[M5] a mutation that names something unknown is refused as depends_on_missing', async () => {
    const lost = await fixture.workingSet.do('stock.receive', {
      itemId: randomUUID(),
      locationId: fixture.binA,
      quantity: 1,
    })
    expect(lost).toMatchObject({ status: 'refused', code: 'depends_on_missing' })
  })
}

function describeUndo(fixture: Fixture): void {
  test('[S5] undoing a movement reverses it, and a second undo has no further effect', async () => {
    const { workingSet, binA, binB, itemId } = fixture
    await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 10 })
    const moved = await workingSet.do('stock.transfer', {
      itemId,
      fromLocationId: binA,
      toLocationId: binB,
      quantity: 4,
    })
    await workingSet.do('stock.undo', { mutationId: moved.id })
    expect([await quantity(fixture, binA), await quantity(fixture, binB)]).toEqual([10_000, 0])
    expect(await workingSet.do('stock.undo', { mutationId: moved.id })).toMatchObject({
      status: 'merged',
      code: 'already_undone',
    })
    expect(await quantity(fixture, binA)).toBe(10_000)
  })

  test('[L5] undoing a count restores the quantity before it, with the movements after it', async () => {
    const { workingSet, binA } = fixture
    await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 10 })
    await workingSet.do('stock.count', { ...at(fixture, binA), counted: 8 })
    const wrong = await workingSet.do('stock.count', { ...at(fixture, binA), counted: 800 })
    await workingSet.do('stock.withdraw', { ...at(fixture, binA), quantity: 1 })
    await workingSet.do('stock.undo', { mutationId: wrong.id })
    expect(await quantity(fixture, binA)).toBe(7000)
  })

  test('an undo cannot be undone', async () => {
    const { workingSet, binA } = fixture
    const received = await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 1 })
    const undo = await workingSet.do('stock.undo', { mutationId: received.id })
    expect(await workingSet.do('stock.undo', { mutationId: undo.id })).toMatchObject({
      status: 'refused',
      code: 'nothing_to_undo',
    })
  })
}

async function openCount({ workingSet }: Fixture): Promise<string> {
  const countId = randomUUID()
  await workingSet.do('count.open', { id: countId, name: 'Autumn', scope: {}, blind: true })
  return countId
}

/** The greatest version that a person may have seen. Lines that are decided later are new to them. */
const ALL = Number.MAX_SAFE_INTEGER

function describePlannedCounts(fixture: Fixture): void {
  test('[N1] a line of a planned count has no effect until it is approved, and then takes effect at the time it was counted', async () => {
    const { workingSet, binA } = fixture
    await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 10 })
    const countId = await openCount(fixture)
    const line = await workingSet.do('stock.count', { ...at(fixture, binA), counted: 7, countId })
    await workingSet.do('stock.withdraw', { ...at(fixture, binA), quantity: 2 })
    expect(await quantity(fixture, binA)).toBe(8000)
    expect(await workingSet.row('countLines', line.id)).toMatchObject({ countId, counted: 7000, state: 'waiting' })
    await workingSet.sync()
    const approved = await workingSet.do('count.approve', { countId, seen: ALL })
    expect(approved).toMatchObject({ status: 'applied' })
    await workingSet.sync()
    expect(await quantity(fixture, binA)).toBe(5000)
    expect((await workingSet.row('countLines', line.id))?.state).toBe('approved')
    expect((await workingSet.row('counts', countId))?.state).toBe('approved')
  })

  test('[N2] an approval waits until everyone who joined has submitted, unless a manager gives a reason', async () => {
    const { workingSet, binA } = fixture
    const countId = await openCount(fixture)
    await workingSet.do('count.join', { countId })
    await workingSet.do('stock.count', { ...at(fixture, binA), counted: 7, countId })
    await workingSet.sync()
    expect(await workingSet.do('count.approve', { countId, seen: ALL })).toMatchObject({ code: 'count_unsynced' })
    const { counters } = (await workingSet.row('counts', countId))!
    expect(counters).toMatchObject([{ submittedAt: null }])
    await workingSet.do('count.submit', { countId })
    expect(await workingSet.do('count.approve', { countId, seen: ALL })).toMatchObject({ status: 'applied' })
  })

  test('[N3] rival lines need a choice between their sum and one of them', async () => {
    const { workingSet, binA, binB } = fixture
    const countId = await openCount(fixture)
    for (const counted of [3, 4]) await workingSet.do('stock.count', { ...at(fixture, binA), counted, countId })
    await workingSet.do('stock.count', { ...at(fixture, binB), counted: 5, countId })
    const chosen = await workingSet.do('stock.count', { ...at(fixture, binB), counted: 6, countId })
    await workingSet.sync()
    expect(await workingSet.do('count.approve', { countId, seen: ALL })).toMatchObject({ code: 'count_rivals' })
    expect(await quantity(fixture, binA)).toBe(0)
    const settle = [
      { ...at(fixture, binA), take: 'sum' },
      { ...at(fixture, binB), take: chosen.id },
    ]
    expect(await workingSet.do('count.approve', { countId, seen: ALL, settle })).toMatchObject({ status: 'applied' })
    await workingSet.sync()
    expect([await quantity(fixture, binA), await quantity(fixture, binB)]).toEqual([7000, 6000])
    expect((await workingSet.row('countLines', chosen.id))?.state).toBe('approved')
  })

  test('[N5] a line that is counted again, undone or cancelled never takes effect', async () => {
    const { workingSet, binA, binB } = fixture
    const countId = await openCount(fixture)
    const again = await workingSet.do('stock.count', { ...at(fixture, binA), counted: 3, countId })
    const wrong = await workingSet.do('stock.count', { ...at(fixture, binB), counted: 300, countId })
    await workingSet.sync()
    await workingSet.do('count.recount', { countId, lines: [again.id] })
    await workingSet.do('stock.undo', { mutationId: wrong.id })
    await workingSet.do('stock.count', { ...at(fixture, binA), counted: 5, countId })
    await workingSet.sync()
    expect(await workingSet.do('count.approve', { countId, seen: ALL })).toMatchObject({ status: 'applied' })
    expect([await quantity(fixture, binA), await quantity(fixture, binB)]).toEqual([5000, 0])
    expect((await workingSet.row('countLines', wrong.id))?.state).toBe('void')
    expect(await workingSet.do('stock.undo', { mutationId: again.id })).toMatchObject({ status: 'applied' })

    const other = await openCount(fixture)
    const dropped = await workingSet.do('stock.count', { ...at(fixture, binB), counted: 9, countId: other })
    await workingSet.sync()
    await workingSet.do('count.cancel', { countId: other })
    expect((await workingSet.row('countLines', dropped.id))?.state).toBe('dropped')
    expect(await workingSet.do('count.approve', { countId: other, seen: ALL })).toMatchObject({ code: 'not_open' })
    const late = await workingSet.do('stock.count', { ...at(fixture, binB), counted: 8, countId: other })
    expect(late).toMatchObject({ status: 'merged', code: 'count_cancelled' })
    expect(await quantity(fixture, binB)).toBe(0)
  })

  test('[S5] an approval can be undone as a whole, but an approved line cannot', async () => {
    const { workingSet, binA } = fixture
    await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 10 })
    const countId = await openCount(fixture)
    const line = await workingSet.do('stock.count', { ...at(fixture, binA), counted: 7, countId })
    await workingSet.sync()
    const approved = await workingSet.do('count.approve', { countId, seen: ALL })
    expect(await quantity(fixture, binA)).toBe(7000)
    expect(await workingSet.do('stock.undo', { mutationId: line.id })).toMatchObject({ code: 'nothing_to_undo' })
    await workingSet.do('stock.undo', { mutationId: approved.id })
    await workingSet.sync()
    expect(await quantity(fixture, binA)).toBe(10_000)
  })
}

function describeLevels(fixture: Fixture): void {
  test('[C8] levels are set for an item everywhere or at one location, and clearing the last one deletes the row', async () => {
    const { workingSet, itemId, binA } = fixture
    await workingSet.do('level.set', { itemId, low: 5, target: 20 })
    expect(await workingSet.row('items', itemId)).toMatchObject({ low: 5000, high: null, target: 20_000 })
    await workingSet.do('level.set', { itemId, locationId: binA, low: 2 })
    await workingSet.do('level.set', { itemId, locationId: binA, high: 9.5 })
    const level = await workingSet.row('levels', levelKey(itemId, binA))
    expect(level).toMatchObject({ low: 2000, high: 9500, target: null, deleted: false })
    await workingSet.do('level.set', { itemId, locationId: binA, low: null, high: null })
    expect((await workingSet.row('levels', levelKey(itemId, binA)))?.deleted ?? true).toBe(true)
  })
}

function describeCatalogue(fixture: Fixture): void {
  test('[C3] a SKU or barcode that is in use never refuses a create', async () => {
    const { workingSet, itemId } = fixture
    const other = randomUUID()
    await workingSet.do('barcode.attach', { itemId, code: '4006381333931', packQuantity: 12 })
    const created = await workingSet.do('item.create', {
      id: other,
      name: 'Twin',
      sku: `SKU-${itemId}`,
      barcodes: [{ code: '4006381333931' }],
    })
    expect(created).toMatchObject({ status: 'merged', code: 'sku_taken' })
    expect(await workingSet.row('items', other)).toMatchObject({ name: 'Twin', sku: null })
    expect(await workingSet.row('barcodes', '04006381333931')).toMatchObject({ itemId, packQuantity: 12_000 })
  })

  test('[C3] a SKU that was given up can be used again', async () => {
    const { workingSet, itemId } = fixture
    const sku = `SKU-${itemId}`
    await workingSet.do('item.update', { id: itemId, set: { sku: null }, base: { sku } })
    const other = randomUUID()
    expect((await workingSet.do('item.create', { id: other, name: 'Heir', sku })).status).toBe('applied')
    expect((await workingSet.row('items', other))?.sku).toBe(sku)
  })

  test('[C5] a tree has no cycles', async () => {
    const { workingSet, binA, binB } = fixture
    await workingSet.do('location.update', { id: binB, set: { parentId: binA }, base: { parentId: null } })
    const turned = await workingSet.do('location.update', {
      id: binA,
      set: { parentId: binB },
      base: { parentId: null },
    })
    expect(turned).toMatchObject({ status: 'refused', code: 'cycle' })
    expect((await workingSet.row('locations', binA))?.parentId).toBeNull()
  })

  test('[C5] a location can be below 32 others, and a deeper one is refused as too_deep', async () => {
    const { workingSet, binA } = fixture
    const chain = [binA, ...Array.from({ length: 32 }, () => randomUUID())]
    for (const [index, id] of chain.slice(1).entries()) {
      const made = await workingSet.do('location.create', { id, name: `Level ${index + 1}`, parentId: chain[index] })
      expect(made.status).toBe('applied')
    }
    const below = { id: randomUUID(), name: 'Too deep', parentId: chain.at(-1) }
    expect(await workingSet.do('location.create', below)).toMatchObject({ status: 'refused', code: 'too_deep' })
    const turned = { id: binA, set: { parentId: chain.at(-1) }, base: { parentId: null } }
    expect(await workingSet.do('location.update', turned)).toMatchObject({ status: 'refused', code: 'cycle' })
  })

  for (const kind of ['location', 'category'] as const) {
    test(`[C5] moving a ${kind} is refused if anything inside it would be below more than 32 others`, async () => {
      const { workingSet } = fixture
      const make = async (parentId?: string) => {
        const id = randomUUID()
        await workingSet.do(`${kind}.create`, { id, name: 'Level', ...(parentId !== undefined && { parentId }) })
        return id
      }
      const chain = [await make()]
      for (let depth = 1; depth <= 30; depth++) chain.push(await make(chain.at(-1)))
      const branch = await make()
      const bin = await make(await make(branch)) // two levels below it
      await make(branch)
      const move = (id: string, parentId: string | null) =>
        workingSet.do(`${kind}.update`, { id, set: { parentId }, base: {} })
      expect(await move(branch, chain.at(-1)!)).toMatchObject({ status: 'refused', code: 'too_deep' })
      await workingSet.sync()
      expect(await move(branch, chain.at(-1)!)).toMatchObject({ status: 'refused', code: 'too_deep' })
      const rows = kind === 'location' ? 'locations' : 'categories'
      expect((await workingSet.row(rows, branch))?.parentId).toBeNull()
      expect(await move(branch, chain.at(-2)!)).toMatchObject({ status: 'applied' })
      expect(await move(chain[1]!, await make())).toMatchObject({ status: 'applied' })
      expect(await move(bin, chain.at(-1)!)).toMatchObject({ status: 'applied' })
      // Only one level is left inside it.
      expect(await move(branch, chain.at(-1)!)).toMatchObject({ status: 'applied' })
    })
  }

  test('[C6] archived items keep their stock, and can be restored', async () => {
    const { workingSet, itemId, binA } = fixture
    await workingSet.do('stock.receive', { ...at(fixture, binA), quantity: 3 })
    await workingSet.do('item.archive', { id: itemId })
    expect((await workingSet.row('items', itemId))?.archived).toBe(true)
    expect(await quantity(fixture, binA)).toBe(3000)
    await workingSet.do('item.restore', { id: itemId })
    expect((await workingSet.row('items', itemId))?.archived).toBe(false)
  })

  test('levels are stored in thousandths, and null clears a field', async () => {
    const { workingSet, itemId } = fixture
    await workingSet.do('item.update', { id: itemId, set: { low: 2.5, notes: 'cold' }, base: {} })
    expect(await workingSet.row('items', itemId)).toMatchObject({ low: 2500, notes: 'cold' })
    await workingSet.do('item.update', { id: itemId, set: { notes: null }, base: { notes: 'cold' } })
    expect((await workingSet.row('items', itemId))?.notes).toBeNull()
  })
}
