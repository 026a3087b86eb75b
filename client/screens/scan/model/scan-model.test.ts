// Scanning as a person does it, with the real device code over an IndexedDB in memory: the recorded mutations, the
// prompts, and that no scan is lost.
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { stampMs } from '#shared/values/stamp.ts'
import type { RowsByKind } from '../../../../tests/device/support/sample-rows.ts'
import { applySnapshot, itemRow, locationRow, positionRow } from '../../../../tests/device/support/sample-rows.ts'
import { Device } from '../../../device/device.ts'
import { COUNT_PAUSE_MS, CountDraftStore } from '../../../domain/count-drafts.ts'
import { sheetOpened, sheetsClosed } from '../../../ui/layout/open-sheets.ts'
import { proposalsFor, recordProposal, recordScans, scansOfCode } from '../../../domain/unresolved-scans.ts'
import type { Done } from './scan-model.ts'
import { ScanModel } from './scan-model.ts'
import { ScanSetting, type Mode } from './scan-setting.ts'

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [COFFEE, TEA, FISH, ORG_USER] = [id(1), id(2), id(3), id(9)]
const [SHELF, CELLAR] = [id(11), id(12)]
const CODES = {
  coffee: '4006381333931',
  carton: 'CARTON',
  tea: 'TEA-1',
  fish: 'FISH-1',
  shelf: 'LOC-1',
  cellar: 'LOC-2',
}

const barcode = (code: string, itemId: string, packQuantity = 1000) => ({
  code,
  itemId,
  packQuantity,
  version: 1,
  deleted: false,
})
const position = (itemId: string, quantity: number) => positionRow({ itemId, locationId: SHELF }, quantity)

const rows: RowsByKind = {
  items: [itemRow(COFFEE, 'Coffee'), itemRow(TEA, 'Tea'), itemRow(FISH, 'Fish', { tracksLots: true })],
  barcodes: [
    barcode(`0${CODES.coffee}`, COFFEE),
    barcode(CODES.carton, COFFEE, 12_000),
    barcode(CODES.tea, TEA),
    barcode(CODES.fish, FISH),
  ],
  locations: [
    locationRow(SHELF, 'Shelf', { barcode: CODES.shelf }),
    locationRow(CELLAR, 'Cellar', { barcode: CODES.cellar }),
  ],
  positions: [position(COFFEE, 20_000), position(TEA, 2000)],
}

let device: Device
let model: ScanModel
let toasts: Done[]
let sounds: string[]
let drafts = 0
let clock = Date.parse('2026-11-22T10:00:00Z')
let storage: Map<string, string>
let counts: CountDraftStore
let databases = 0

beforeEach(async () => {
  databases += 1
  storage = new Map()
  drafts = 0
  await open(`scan-model-${databases}`)
  await applySnapshot(device, rows)
})

afterEach(() => device.close())

async function open(name: string): Promise<void> {
  device = await Device.open({ name, actor: { userId: ORG_USER, role: 'staff' }, now: () => clock++ })
  toasts = []
  sounds = []
  const store = {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.set(key, value),
  }
  counts = new CountDraftStore({ store, deviceName: name })
  const setting = new ScanSetting({ store, deviceName: name })
  model = new ScanModel({
    device,
    api: { lookup: () => Promise.resolve(null) },
    setting,
    countDrafts: counts,
    feedback: (kind) => sounds.push(kind),
    done: (done) => toasts.push(done),
    drafts: { begin: () => (drafts++, () => void drafts--) },
    sheetsClosed,
    now: () => clock++,
  })
}

/** Like the shell: stores the scan first, then dispatches it. */
async function scan(code: string): Promise<void> {
  const { mode, locationId } = model.setting
  const record = await device.scans.store({ code, at: clock++, mode, locationId })
  await model.handle(record)
}

async function selectModeAndLocation(mode: Mode, code: string): Promise<void> {
  await model.changeMode(mode)
  await scan(code)
}

const here = (itemId: string, locationId = SHELF, lot = '') => device.queries.position(itemId, locationId, lot).quantity
const question = () => model.prompts.open.value
/** Waits until the check passes, because the duration depends on the machine. */
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
const prompted = (kind: string) => until(() => expect(question()).toMatchObject({ kind }))
const names = () => device.history.value.map(({ envelope }) => envelope.name).toReversed()

test('each scan withdraws one or its pack quantity, and the card continues', async () => {
  await selectModeAndLocation('withdraw', CODES.shelf)
  await scan(CODES.coffee)
  await scan(CODES.coffee)
  await scan(CODES.carton)
  expect(here(COFFEE)).toBe(6000)
  expect(model.result.value).toMatchObject({ kind: 'run', was: 20_000, steps: [{}, {}, { quantity: 12_000 }] })
  expect(device.scans.unresolved.value).toEqual([])
})

test('[Z1] ten scans in a burst are recorded as ten, in order', async () => {
  await selectModeAndLocation('withdraw', CODES.shelf)
  await Promise.all(Array.from({ length: 10 }, () => scan(CODES.coffee)))
  expect(here(COFFEE)).toBe(10_000)
  expect(names()).toHaveLength(10)
})

test('a smaller quantity undoes the latest steps, and a larger one records the difference', async () => {
  await selectModeAndLocation('withdraw', CODES.shelf)
  await scan(CODES.coffee)
  await scan(CODES.carton)
  await model.setQuantity(5000)
  expect(here(COFFEE)).toBe(15_000)
  expect(names()).toEqual(['stock.withdraw', 'stock.withdraw', 'stock.undo', 'stock.withdraw'])
  await model.setQuantity(7000)
  expect(here(COFFEE)).toBe(13_000)
  await model.setQuantity(0)
  expect(here(COFFEE)).toBe(20_000)
})

test('the undo of a toast undoes the movement that it names', async () => {
  await selectModeAndLocation('receive', CODES.shelf)
  await scan(CODES.carton)
  expect(toasts).toMatchObject([{ kind: 'received', lines: [{ quantity: 12_000 }] }])
  await model.undo(toasts[0]!.lines[0]!.mutationId)
  expect(here(COFFEE)).toBe(20_000)
})

test('a shortage prompts, later scans wait, and none is lost', async () => {
  await selectModeAndLocation('withdraw', CODES.shelf)
  await scan(CODES.tea)
  await scan(CODES.tea)
  const third = scan(CODES.tea)
  await prompted('shortage')
  expect(question()).toMatchObject({ kind: 'shortage', available: 0, requested: 1000 })
  const behind = scan(CODES.coffee)
  await until(() => expect(model.queue.waitingCount.value).toBe(1))
  await until(() => expect(device.scans.unresolved.value).toHaveLength(2))
  expect(here(COFFEE)).toBe(20_000)
  expect(device.scans.unresolved.value).toHaveLength(2)
  model.prompts.answer('shortage', true)
  await Promise.all([third, behind])
  expect(here(TEA)).toBe(-1000)
  expect(here(COFFEE)).toBe(19_000)
  expect(sounds).toContain('attention')
})

test('declining the prompt dismisses the scan with its reason', async () => {
  await selectModeAndLocation('withdraw', CODES.shelf)
  const asking = (async () => {
    for (let i = 0; i < 3; i++) await scan(CODES.tea)
  })()
  await prompted('shortage')
  model.prompts.answer('shortage', false)
  await asking
  expect(here(TEA)).toBe(0)
  expect(device.scans.unresolved.value).toEqual([])
})

test('without a location the model asks for one, and continues with the same scan', async () => {
  await model.changeMode('receive')
  const scanning = scan(CODES.tea)
  await prompted('location')
  expect(question()).toMatchObject({ kind: 'location' })
  model.prompts.answer('location', CELLAR)
  await scanning
  expect(here(TEA, CELLAR)).toBe(1000)
  expect(model.setting.locationId).toBe(CELLAR)
})

test('a count is recorded when it is complete: at the next item, or when finished', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan(CODES.coffee)
  await scan(CODES.carton)
  expect(names()).toEqual([])
  expect(drafts).toBe(1)
  await scan(CODES.tea)
  expect(here(COFFEE)).toBe(13_000)
  expect(toasts).toMatchObject([{ kind: 'counted', lines: [{ itemId: COFFEE, quantity: 13_000 }] }])
  await model.finishCount()
  expect(here(TEA)).toBe(1000)
  expect(drafts).toBe(0)
  expect(device.scans.unresolved.value).toEqual([])
})

test('a count contains its start, so that movements by others in the meantime open a review', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  const begun = clock
  await scan(CODES.coffee)
  clock += 60_000
  await scan(CODES.coffee)
  await model.finishCount()
  const { args, at } = device.history.value[0]!.envelope
  const { since } = args as { since: string }
  expect(stampMs(since)).toBe(begun)
  expect(stampMs(at)).toBeGreaterThan(begun + 60_000)
  clock += 60_000
  await scan(CODES.coffee) // a forgotten unit adds to the previous count, so it keeps that start
  await model.finishCount()
  expect(device.history.value[0]!.envelope.args).toMatchObject({ counted: 3, since })
})

for (const [what, leave] of [
  ['another mode', () => model.changeMode('withdraw')],
  ['another location', () => model.changeLocation(CELLAR)],
  ['the code of another location', () => scan(CODES.cellar)],
] as const) {
  test(`leaving a count for ${what} prompts, and it is recorded only on confirmation`, async () => {
    await selectModeAndLocation('count', CODES.shelf)
    await scan(CODES.coffee)
    const leaving = leave()
    await prompted('draft')
    expect(question()).toMatchObject({ quantity: 1000, locationId: SHELF })
    expect(here(COFFEE)).toBe(20_000)
    model.prompts.answer('draft', 'record')
    await leaving
    expect(here(COFFEE)).toBe(1000)
    expect([model.setting.mode, model.setting.locationId]).not.toEqual(['count', SHELF])
  })
}

test('a discarded count does not change stock', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan(CODES.coffee)
  const leaving = model.changeMode('look')
  await prompted('draft')
  model.prompts.answer('draft', 'discard')
  await leaving
  expect(names()).toEqual([])
  expect(device.scans.unresolved.value).toEqual([])
})

test('a count kept for later prompts at its location again, complete, also after a restart', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan(CODES.coffee)
  await model.setQuantity(7000)
  const leaving = model.changeMode('look')
  await prompted('draft')
  model.prompts.answer('draft', 'postpone')
  await leaving
  expect(names()).toEqual([])
  expect(device.scans.unresolved.value).toHaveLength(1)
  device.close()
  await open(device.name)
  const back = model.changeMode('count')
  await prompted('draft')
  expect(question()).toMatchObject({ quantity: 7000, mayContinue: true })
  model.prompts.answer('draft', 'continue')
  await back
  await scan(CODES.coffee)
  await scan(CODES.tea)
  expect(here(COFFEE)).toBe(8000)
})

test('a count from before a pause prompts, whatever is scanned after it', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan(CODES.coffee)
  const countedAt = clock
  clock += COUNT_PAUSE_MS + 1
  const other = scan(CODES.tea)
  await prompted('draft')
  expect(question()).toMatchObject({ item: { id: COFFEE }, mayContinue: false })
  expect((question() as { countedAt: number }).countedAt).toBeLessThanOrEqual(countedAt)
  model.prompts.answer('draft', 'postpone')
  await other
  expect(names()).toEqual([])
  expect(model.lines.all).toMatchObject([{ itemId: TEA, quantity: 1000 }])
  clock += COUNT_PAUSE_MS + 1
  const same = scan(CODES.tea)
  await prompted('draft')
  expect(question()).toMatchObject({ item: { id: TEA }, mayContinue: true })
  model.prompts.answer('draft', 'continue')
  await same
  expect(model.lines.all).toMatchObject([{ itemId: TEA, quantity: 2000 }])
})

test('a count whose scans were resolved in the tray no longer exists', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan(CODES.coffee)
  await device.scans.dismiss(
    device.scans.unresolved.value.map(({ id }) => id),
    'mistake',
  )
  expect(model.lines.size).toBe(0)
  await scan(CODES.tea)
  expect(names()).toEqual([])
})

test('a forgotten unit adds to the count of the same visit to the location', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan(CODES.coffee)
  await model.finishCount(7000)
  await scan(CODES.tea)
  await scan(CODES.coffee)
  await model.finishCount()
  expect(here(COFFEE)).toBe(8000)
  await scan(CODES.cellar)
  await scan(CODES.shelf)
  await scan(CODES.coffee)
  await model.finishCount()
  expect(here(COFFEE)).toBe(1000)
})

test('[Z1] a restart during a count restores it from its scans, once', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan(CODES.coffee)
  await scan(CODES.coffee)
  device.close()
  await open(device.name)
  await prompted('draft')
  model.prompts.answer('draft', 'continue')
  await until(() => expect(model.result.value).toMatchObject({ kind: 'count', itemId: COFFEE }))
  expect(model.lines.all).toMatchObject([{ quantity: 2000 }])
  await model.finishCount()
  expect(here(COFFEE)).toBe(2000)
  device.close()
  await open(device.name)
  await model.changeMode('look')
  expect(question()).toBeUndefined()
})

test('a move collects items at one location and is recorded when the next location is scanned', async () => {
  await selectModeAndLocation('move', CODES.shelf)
  await scan(CODES.coffee)
  await scan(CODES.coffee)
  await scan(CODES.tea)
  expect(model.holdsGoods).toBe(true)
  expect(here(COFFEE)).toBe(20_000)
  await model.changeMode('look')
  expect(model.setting.mode).toBe('move')
  await scan(CODES.cellar)
  expect([here(COFFEE), here(COFFEE, CELLAR), here(TEA, CELLAR)]).toEqual([18_000, 2000, 1000])
  expect(toasts.at(-1)).toMatchObject({ kind: 'moved', lines: [{}, {}] })
  expect(model.setting.locationId).toBe(SHELF)
  expect(device.scans.unresolved.value).toEqual([])
})

test('a cancelled move is not recorded', async () => {
  await selectModeAndLocation('move', CODES.shelf)
  await scan(CODES.coffee)
  await model.cancelMove()
  expect(model.holdsGoods).toBe(false)
  expect(here(COFFEE)).toBe(20_000)
  expect(device.scans.unresolved.value).toEqual([])
})

test('an item that tracks lots asks for the lot once per run', async () => {
  await selectModeAndLocation('receive', CODES.shelf)
  const scanning = scan(CODES.fish)
  await prompted('lot')
  expect(question()).toMatchObject({ kind: 'lot' })
  model.prompts.answer('lot', { lot: 'L1', expiresOn: '2027-01-31' })
  await scanning
  await scan(CODES.fish)
  expect(here(FISH, SHELF, 'L1')).toBe(2000)
})

test('a GS1 label contains lot, expiry date and count', async () => {
  await selectModeAndLocation('receive', CODES.shelf)
  await scan(`(01)0${CODES.coffee}(30)6`)
  expect(here(COFFEE)).toBe(26_000)
  await scan(`(01)0${CODES.coffee.slice(0, -1)}2(30)6`)
  expect(model.result.value).toMatchObject({ kind: 'unknown', unreadable: true })
  expect(sounds.at(-1)).toBe('error')
})

test('an unknown code is kept, does not block other scans, and is recorded once it is known', async () => {
  await selectModeAndLocation('receive', CODES.shelf)
  await scan('9999')
  await scan('9999')
  await scan(CODES.coffee)
  expect(here(COFFEE)).toBe(21_000)
  expect(device.scans.unresolved.value).toHaveLength(2)
  await device.record('barcode.attach', { itemId: TEA, code: '9999', packQuantity: 2 })
  expect(await model.queue.add(() => recordScans(device, scansOfCode(device, '9999')))).toEqual({
    recorded: 2,
    remaining: 0,
  })
  expect(here(TEA)).toBe(6000)
  expect(device.scans.unresolved.value).toEqual([])
})

test('a kept count is recorded from the tray as a whole, with the entered quantity and its start', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  const begun = clock
  await scan(CODES.coffee)
  await scan(CODES.coffee)
  await model.setQuantity(9000)
  const [proposal] = proposalsFor(device, device.scans.unresolved.value[0]!, { countDrafts: counts, answers: {} })
  expect(proposal).toMatchObject({ missing: undefined, movement: { kind: 'count', quantity: 9000, locationId: SHELF } })
  expect(await recordProposal(device, proposal!)).toEqual({ recorded: 2 })
  expect(await recordProposal(device, proposal!)).toEqual({ recorded: 0 }) // as from another tab that does not know of it
  expect(here(COFFEE)).toBe(9000)
  expect(stampMs((device.history.value[0]!.envelope.args as { since: string }).since)).toBe(begun)
  expect(device.scans.unresolved.value).toEqual([])
  expect(model.lines.size).toBe(0)
})

test('a scan whose code was attached since is recorded from the tray with its mode and location', async () => {
  await selectModeAndLocation('count', CODES.shelf)
  await scan('9999')
  await scan('9999')
  await device.record('barcode.attach', { itemId: TEA, code: '9999', packQuantity: 2 })
  const [proposal] = proposalsFor(device, device.scans.unresolved.value[0]!, { countDrafts: counts, answers: {} })
  expect(proposal).toMatchObject({ movement: { kind: 'count', quantity: 4000 }, scans: [{}, {}] })
  await recordProposal(device, proposal!)
  expect(here(TEA)).toBe(4000)
})

test('unrecorded scans behind a prompt are recorded from the tray, one or all similar ones', async () => {
  await model.changeMode('withdraw')
  const { length } = Array.from({ length: 10 }, () => void scan(CODES.coffee))
  await prompted('location')
  device.close()
  await open(device.name)
  expect(device.scans.unresolved.value).toHaveLength(length)
  const [first] = device.scans.unresolved.value
  const ofShelf = { countDrafts: counts, answers: { locationId: SHELF } }
  expect(proposalsFor(device, first!, { countDrafts: counts, answers: {} })).toMatchObject([
    { missing: 'location' },
    {},
  ])
  const [one] = proposalsFor(device, first!, ofShelf)
  await recordProposal(device, one!)
  expect(here(COFFEE)).toBe(19_000)
  const [, all] = proposalsFor(device, device.scans.unresolved.value[0]!, ofShelf)
  await recordProposal(device, all!)
  expect(here(COFFEE)).toBe(10_000)
  expect(names()).toHaveLength(length)
  expect(device.scans.unresolved.value).toEqual([])
})

test('a scan that the tray recorded while it waited behind a prompt is not recorded again', async () => {
  await selectModeAndLocation('withdraw', CODES.shelf)
  await scan(CODES.tea)
  await scan(CODES.tea)
  const third = scan(CODES.tea)
  await prompted('shortage')
  const behind = scan(CODES.coffee)
  await until(() => expect(device.scans.unresolved.value).toHaveLength(2))
  for (const waiting of device.scans.unresolved.value) {
    await recordProposal(device, proposalsFor(device, waiting, { countDrafts: counts, answers: {} })[0]!)
  }
  model.prompts.answer('shortage', true)
  await Promise.all([third, behind])
  expect([here(TEA), here(COFFEE)]).toEqual([-1000, 19_000])
})

test('scans while a sheet is open wait until it is closed and its change is recorded', async () => {
  await selectModeAndLocation('receive', CODES.shelf)
  await scan(CODES.coffee)
  const closed = sheetOpened() // the number pad
  const behind = [scan(CODES.tea), scan(CODES.tea)]
  await until(() => expect(device.scans.unresolved.value).toHaveLength(2))
  expect([here(TEA), model.result.value]).toMatchObject([2000, { itemId: COFFEE }])
  const set = model.setQuantity(5000)
  closed()
  await Promise.all([set, ...behind])
  expect([here(COFFEE), here(TEA)]).toEqual([25_000, 4000])
  expect(device.scans.unresolved.value).toEqual([])
})

test('mode and location survive a restart', async () => {
  await selectModeAndLocation('withdraw', CODES.shelf)
  device.close()
  await open(device.name)
  expect([model.setting.mode, model.setting.locationId]).toEqual(['withdraw', SHELF])
})
