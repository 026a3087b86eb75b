// Positions below zero, with the real device code over an IndexedDB in memory.
import 'fake-indexeddb/auto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Position } from '#shared/rows/rows.ts'
import { applySnapshot, itemRow, locationRow, positionRow } from '../../../tests/device/support/sample-rows.ts'
import { Device } from '../device.ts'

const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const [TEA, COFFEE, SHELF, CELLAR] = [id(1), id(2), id(11), id(12)]
const position = (itemId: string, quantity: number, version: number) =>
  positionRow({ itemId, locationId: SHELF }, quantity, { version })

let device: Device
let databases = 0

beforeEach(async () => {
  device = await Device.open({ name: `below-zero-${++databases}`, actor: { userId: id(9), role: 'staff' } })
  await arrive(1, [position(TEA, -2000, 1), position(COFFEE, 3000, 1)])
})
afterEach(() => device.close())

function arrive(version: number, positions: Position[]): Promise<void> {
  const items = [itemRow(TEA, 'Tea'), itemRow(COFFEE, 'Coffee')]
  return applySnapshot(
    device,
    { items, locations: [SHELF, CELLAR].map((id) => locationRow(id, id)), positions },
    version,
  )
}

const below = () =>
  device.queries.positionsBelowZero().map(({ itemId, locationId, quantity }) => [itemId, locationId, quantity])

test('a position is below zero by the server’s quantity, and no longer after that has changed', async () => {
  expect(below()).toEqual([[TEA, SHELF, -2000]])
  await arrive(2, [position(TEA, 5000, 2)])
  expect(below()).toEqual([])
})

test('without a connection too, withdrawing too much lists a position and counting it removes it', async () => {
  await device.record('stock.withdraw', { itemId: COFFEE, locationId: SHELF, quantity: 4 })
  await device.record('stock.withdraw', { itemId: COFFEE, locationId: CELLAR, quantity: 1 })
  expect(below()).toEqual([
    [TEA, SHELF, -2000],
    [COFFEE, SHELF, -1000],
    [COFFEE, CELLAR, -1000],
  ])
  for (const itemId of [TEA, COFFEE]) await device.record('stock.count', { itemId, locationId: SHELF, counted: 1 })
  expect(below()).toEqual([[COFFEE, CELLAR, -1000]])
})

test('positions below zero are still listed after a restart', async () => {
  const { name } = device
  device.close()
  device = await Device.open({ name, actor: { userId: id(9), role: 'staff' } })
  expect(below()).toEqual([[TEA, SHELF, -2000]])
})
