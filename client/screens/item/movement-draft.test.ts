// A movement entered by hand, with the real device code over an IndexedDB in memory.
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stampMs } from '#shared/values/stamp.ts'
import { applySnapshot, itemRow, locationRow, positionRow } from '../../../tests/device/support/sample-rows.ts'
import { Device } from '../../device/device.ts'
import type { MovementKind } from '../../domain/movement.ts'
import { recordMovement } from '../../domain/movement.ts'
import { withLocation, movementFrom, startDraft } from './movement-draft.ts'

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [SHELF, CELLAR] = [id(11), id(12)]
const item = itemRow(id(1), 'Tea')

let device: Device
let clock = Date.parse('2026-11-22T10:00:00Z')
let databases = 0

beforeEach(async () => {
  const actor = { userId: id(9), role: 'staff' } as const
  device = await Device.open({ name: `movement-draft-${++databases}`, actor, now: () => clock })
  const position = (locationId: string, quantity: number) => positionRow({ itemId: item.id, locationId }, quantity)
  await applySnapshot(device, {
    items: [item],
    locations: [SHELF, CELLAR].map((place) => locationRow(place, place)),
    positions: [position(SHELF, 20_000), position(CELLAR, -1000)],
  })
})
afterEach(() => device.close())

const start = (kind: MovementKind, at?: { locationId: string; lot: string }) =>
  startDraft(device, { item, kind, at }, clock)

test('a manual count contains its start, so that movements by others in the meantime open a review', async () => {
  const begun = clock
  const draft = start('count')
  clock += 60_000
  await recordMovement(device, movementFrom({ ...draft, quantity: 7000 }, item, 'count')!)
  const { args, at } = device.history.value[0]!.envelope
  expect([stampMs((args as { since: string }).since), stampMs(at)]).toEqual([begun, begun + 60_000])
})

test('another location restarts the count, with a new start and the recorded quantity there', async () => {
  const first = start('count')
  expect(first).toMatchObject({ locationId: SHELF, quantity: 20_000 })
  clock += 60_000
  const second = withLocation(device, { draft: first, item, kind: 'count' }, { locationId: CELLAR, nowMs: clock })
  expect(second).toMatchObject({ locationId: CELLAR, quantity: 0, begunAtMs: clock })
  expect(withLocation(device, { draft: second, item, kind: 'count' }, { locationId: CELLAR, nowMs: clock + 1 })).toBe(
    second,
  )
})

test('a chosen location is the starting point, and other movements do not have a start', () => {
  expect(start('count', { locationId: CELLAR, lot: '' })).toMatchObject({ locationId: CELLAR, quantity: 0 })
  const moved = movementFrom({ ...start('move'), toLocationId: CELLAR }, item, 'move')
  expect(moved).toMatchObject({ locationId: SHELF, quantity: 1000, begunAtMs: undefined })
})
