// A mutation that names something missing is blocked in the database, and takes effect automatically once that exists.
import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { MUTATION_MAX_BYTES } from '#shared/mutations/envelope.ts'
import { ledgerTasks } from '../../../server/jobs/ledger-tasks.ts'
import { BLOCKED_MAX } from '../../../server/ledger/commit/load-group.ts'
import { countBlocked } from '../../../server/ledger/store/housekeeping-store.ts'
import { readRows, stockRoom, TestDevice, useLedger } from '../../support/ledger-under-test.ts'

const parts = useLedger()

const conflictOf = async (id: string) => (await readRows(parts, 'conflicts')).find((conflict) => conflict.id === id)
const quantityAt = async (itemId: string, locationId: string) =>
  (await readRows(parts, 'positions')).find((one) => one.itemId === itemId && one.locationId === locationId)?.quantity
const blockedCount = () =>
  parts.database.snapshot(parts.orgId, async (sql) => (await sql`select waiting from org_heads`)[0]!['waiting'])

const devices = () => ({ staff: new TestDevice(parts, parts.staff), manager: new TestDevice(parts, parts.manager) })

test('[M5] a movement of an item that is created later takes effect with it, at its own time', async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  const first = await staff.do('stock.receive', { itemId, locationId: binA, quantity: 4 })
  const count = await staff.do('stock.count', { itemId, locationId: binA, counted: 10 })
  const last = await staff.do('stock.withdraw', { itemId, locationId: binA, quantity: 1 })
  expect([first.code, count.code, last.code]).toEqual(Array(3).fill('depends_on_missing'))
  expect(await blockedCount()).toBe(3)
  expect((await manager.do('item.create', { id: itemId, name: 'Late' })).status).toBe('applied')
  expect(await quantityAt(itemId, binA)).toBe(9000)
  expect(await conflictOf(first.id)).toMatchObject({ state: 'resolved', resolution: 'arrived' })
  expect(await blockedCount()).toBe(0)
  expect((await staff.do('stock.undo', { mutationId: last.id })).status).toBe('applied')
  expect(await quantityAt(itemId, binA)).toBe(10_000)
})

test('[M5][P2] a blocked mutation that is repeated after it took effect gets its first answer', async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  const early = staff.mutation('stock.receive', { itemId, locationId: binA, quantity: 4 })
  const [refused] = await staff.push(early)
  await manager.do('item.create', { id: itemId, name: 'Late' })
  const [again] = await staff.push(early)
  expect(again).toEqual({ ...refused, status: 'duplicate' })
  expect(await quantityAt(itemId, binA)).toBe(4000)
})

test('[M5] a mutation that depends on a blocked one follows it, in whatever order they arrive', async () => {
  const { staff, manager } = devices()
  const [categoryId, itemId, siteId, binId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  const undo = (mutationId: string) => staff.do('stock.undo', { mutationId })
  const received = staff.mutation('stock.receive', { itemId, locationId: binId, quantity: 3 })
  staff.seq -= 1
  expect((await undo(received.id)).code).toBe('depends_on_missing')
  const again = staff.mutation('stock.receive', { itemId, locationId: binId, quantity: 2 })
  expect((await staff.push({ ...received, seq: 2 }, { ...again, seq: 3 })).map(({ code }) => code)).toEqual([
    'depends_on_missing',
    'depends_on_missing',
  ])
  const inOne = manager.mutation('item.create', { id: itemId, name: 'Late', categoryId })
  const bin = manager.mutation('location.create', { id: binId, name: 'Bin', parentId: siteId })
  expect((await manager.push(inOne, bin)).map(({ code }) => code)).toEqual(['depends_on_missing', 'depends_on_missing'])
  await manager.do('location.create', { id: siteId, name: 'Site' })
  expect(await quantityAt(itemId, binId)).toBeUndefined()
  await manager.do('category.create', { id: categoryId, name: 'Category' })
  expect(await quantityAt(itemId, binId)).toBe(2000)
  expect(await blockedCount()).toBe(0)
})

test('[M5] within one group a mutation before the one that it depends on takes effect after it', async () => {
  const { manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  const early = manager.mutation('stock.receive', { itemId, locationId: binA, quantity: 4 })
  const create = manager.mutation('item.create', { id: itemId, name: 'Late' })
  const results = await manager.push(early, create)
  expect(results.map(({ status }) => status)).toEqual(['refused', 'applied'])
  expect(await quantityAt(itemId, binA)).toBe(4000)
  expect(await conflictOf(early.id)).toMatchObject({ state: 'resolved', resolution: 'arrived' })
  expect(await blockedCount()).toBe(0)
})

test('[M5] a blocked mutation that was discarded stays discarded, and one that lacks two rows waits for both', async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const [itemId, binId] = [randomUUID(), randomUUID()]
  const gone = await staff.do('stock.receive', { itemId, locationId: binA, quantity: 4 })
  const both = await staff.do('stock.receive', { itemId, locationId: binId, quantity: 5 })
  await staff.do('conflict.resolve', { id: gone.id, choice: 'discard' })
  await manager.do('item.create', { id: itemId, name: 'Late' })
  expect(await quantityAt(itemId, binA)).toBeUndefined()
  expect(await conflictOf(both.id)).toMatchObject({ state: 'open', detail: { kind: 'locations', id: binId } })
  await manager.do('location.create', { id: binId, name: 'Bin' })
  expect(await quantityAt(itemId, binId)).toBe(5000)
})

test('[M5] lines of a planned count wait for the count', async () => {
  const { staff, manager } = devices()
  const { itemId, binA } = await stockRoom(manager)
  const countId = randomUUID()
  await staff.do('count.join', { countId })
  const line = await staff.do('stock.count', { itemId, locationId: binA, counted: 6, countId })
  expect(line.code).toBe('depends_on_missing')
  await manager.do('count.open', { id: countId, name: 'Autumn', scope: {}, blind: false })
  expect((await readRows(parts, 'countLines')).find(({ id }) => id === line.id)).toMatchObject({ state: 'waiting' })
  const { counters, version } = (await readRows(parts, 'counts')).find(({ id }) => id === countId)!
  expect(counters).toHaveLength(1)
  const approve = { countId, seen: version, reason: 'the scanner is broken' }
  expect((await manager.do('count.approve', approve)).status).toBe('applied')
  expect(await quantityAt(itemId, binA)).toBe(6000)
})

test('[M5][L5] an undo that was blocked by a count of this group restores the quantity before it', async () => {
  const { staff, manager } = devices()
  const { itemId, binA } = await stockRoom(manager)
  await manager.do('stock.receive', { itemId, locationId: binA, quantity: 7 })
  const count = staff.mutation('stock.count', { itemId, locationId: binA, counted: 1 })
  expect((await manager.do('stock.undo', { mutationId: count.id })).code).toBe('depends_on_missing')
  await staff.push(count, staff.mutation('stock.receive', { itemId, locationId: binA, quantity: 2 }))
  expect(await quantityAt(itemId, binA)).toBe(9000)
})

test('[M5] housekeeping counts blocked mutations that a server of the previous version recorded', async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  await staff.do('stock.receive', { itemId, locationId: binA, quantity: 4 })
  await parts.database.transaction(parts.orgId, ({ sql }) => sql`update org_heads set waiting = 0`)
  await countBlocked(parts.database, parts.orgId)
  expect(await blockedCount()).toBe(1)
  await manager.do('item.create', { id: itemId, name: 'Late' })
  expect(await quantityAt(itemId, binA)).toBe(4000)
})

test('[M5] a mutation that arrived before the one that it depends on can be undone afterwards', async () => {
  const { manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  const early = manager.mutation('stock.receive', { itemId, locationId: binA, quantity: 4 })
  await manager.push(early, manager.mutation('item.create', { id: itemId, name: 'Late' }))
  expect((await manager.do('stock.undo', { mutationId: early.id })).status).toBe('applied')
  expect(await quantityAt(itemId, binA)).toBe(0)
})

test('[M5] a mutation that is sent again and blocked takes effect with a later one of the same push', async () => {
  const { staff, manager } = devices()
  const [id, categoryId] = [randomUUID(), randomUUID()]
  const refused = await staff.do('item.create', { id, name: 'Early', categoryId })
  expect(refused.code).toBe('role_too_low')
  await manager.push(
    manager.mutation('conflict.resolve', { id: refused.id, choice: 'resend' }),
    manager.mutation('category.create', { id: categoryId, name: 'Category' }),
  )
  expect((await readRows(parts, 'items')).find((item) => item.id === id)).toMatchObject({ categoryId })
  expect(await blockedCount()).toBe(0)
})

test('[M5][M6] a corrected mutation that is blocked takes effect as corrected', async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  const args = { itemId, locationId: binA, quantity: 4 }
  const refused = await staff.do('stock.receive', { ...args, quantity: -4 })
  await staff.do('conflict.resolve', { id: refused.id, choice: 'resend', args })
  await manager.do('item.create', { id: itemId, name: 'Late' })
  expect(await quantityAt(itemId, binA)).toBe(4000)
})

test('[M4] a mutation that is too large to be stored whole is refused, and never blocked without its arguments', async () => {
  const { manager } = devices()
  const custom = Object.fromEntries(Array.from({ length: 32 }, (_, index) => [`field ${index}`, 'y'.repeat(480)]))
  const args = { id: randomUUID(), name: 'Large', categoryId: randomUUID(), custom, notes: '' }
  args.notes = 'z'.repeat(MUTATION_MAX_BYTES - JSON.stringify(args).length)
  expect((await manager.do('item.create', args)).code).toBe('mutation_too_large')
  args.notes = args.notes.slice(300)
  expect((await manager.do('item.create', args)).code).toBe('depends_on_missing')
  await manager.do('category.create', { id: args.categoryId, name: 'Category' })
  expect((await readRows(parts, 'items')).some((item) => item.id === args.id)).toBe(true)
})

test('[P8] a blocked mutation that cannot be written does not affect the mutation that it waited for, or other blocked ones', async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  const receive = (reference: string) => staff.do('stock.receive', { itemId, locationId: binA, quantity: 2, reference })
  const [first, poison, last] = [await receive('first'), await receive('poison'), await receive('last')]
  const owner = postgres(parts.urls.ownerUrl, { max: 1 })
  await owner`alter table inventory_logs add constraint planted check (reference is distinct from 'poison')`
  const create = manager.mutation('item.create', { id: itemId, name: 'Late' })
  const other = manager.mutation('location.create', { id: randomUUID(), name: 'Beside it' })
  expect((await manager.push(create, other)).map(({ status }) => status)).toEqual(['applied', 'applied'])
  await parts.ledger.drained()
  expect(await quantityAt(itemId, binA)).toBe(4000)
  for (const { id } of [first, last]) expect(await conflictOf(id)).toMatchObject({ resolution: 'arrived' })
  expect(await conflictOf(poison.id)).toMatchObject({ state: 'open', code: 'internal_error' })
  expect(await blockedCount()).toBe(0)
  await owner`alter table inventory_logs drop constraint planted`
  await owner.end()
  expect((await staff.do('conflict.resolve', { id: poison.id, choice: 'resend' })).status).toBe('applied')
  expect(await quantityAt(itemId, binA)).toBe(6000)
})

test('[M5] however many mutations wait for one row, all of them take effect', { timeout: 60_000 }, async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const itemId = randomUUID()
  const many = BLOCKED_MAX + 600
  for (let left = many; left > 0; left -= 500) {
    const portion = Array.from({ length: Math.min(left, 500) })
    await staff.push(...portion.map(() => staff.mutation('stock.receive', { itemId, locationId: binA, quantity: 1 })))
  }
  await manager.do('item.create', { id: itemId, name: 'Late' })
  await parts.ledger.drained()
  expect(await quantityAt(itemId, binA)).toBe(many * 1000)
  expect(await blockedCount()).toBe(0)
})

test('[M5] a blocked mutation takes effect however many others wait for a row that never comes', async () => {
  const { staff, manager } = devices()
  const { binA, itemId: known } = await stockRoom(manager)
  const [never, comes] = [randomUUID(), randomUUID()]
  for (let left = BLOCKED_MAX + 100; left > 0; left -= 500) {
    const args = { itemId: never, locationId: binA, quantity: 1 }
    await staff.push(...Array.from({ length: Math.min(left, 500) }, () => staff.mutation('stock.receive', args)))
  }
  const last = await staff.do('stock.receive', { itemId: comes, locationId: binA, quantity: 3 })
  const versions = parts.notices.length
  await staff.push(
    staff.mutation('stock.receive', { itemId: never, locationId: binA, quantity: 1 }),
    staff.mutation('stock.receive', { itemId: known, locationId: binA, quantity: 1 }),
  )
  await parts.ledger.drained()
  expect(parts.notices).toHaveLength(versions + 1)
  const archive = manager.mutation('item.archive', { id: never })
  await manager.push(archive, manager.mutation('item.create', { id: comes, name: 'Comes' }))
  await parts.ledger.drained()
  expect(await quantityAt(comes, binA)).toBe(3000)
  expect(await conflictOf(last.id)).toMatchObject({ resolution: 'arrived' })
  await manager.do('item.create', { id: never, name: 'After all' })
  await parts.ledger.drained()
  expect(await blockedCount()).toBe(0)
})

test('[M5] housekeeping retries blocked mutations whose missing row exists', async () => {
  const { staff, manager } = devices()
  const { binA } = await stockRoom(manager)
  const [itemId, unknown] = [randomUUID(), randomUUID()]
  const early = await staff.do('stock.receive', { itemId, locationId: binA, quantity: 4 })
  const stays = await staff.do('stock.receive', { itemId: unknown, locationId: binA, quantity: 4 })
  // As if the server had stopped in between.
  await parts.database.transaction(parts.orgId, ({ sql }) => sql`update org_heads set waiting = 0`)
  await manager.do('item.create', { id: itemId, name: 'Late', low: 9 })
  const retryBlocked = (orgId: string) => parts.ledger.retryBlocked(orgId)
  const tasks = ledgerTasks({
    database: parts.database,
    retryBlocked,
    now: Date.now,
    log: pino({ enabled: false }),
  })
  await tasks.find(({ name }) => name === 'housekeeping')!.run()
  expect(await quantityAt(itemId, binA)).toBe(4000)
  expect(await conflictOf(early.id)).toMatchObject({ resolution: 'arrived' })
  expect((await readRows(parts, 'alerts')).find((alert) => alert.itemId === itemId)).toMatchObject({
    kind: 'low_stock',
  })
  expect(await blockedCount()).toBe(1)
  const notices = parts.notices.length
  await parts.ledger.retryBlocked(parts.orgId)
  expect(parts.notices).toHaveLength(notices)
  await manager.do('conflict.resolve', { id: stays.id, choice: 'discard' })
})
