// Rows as the server sends them, with defaults for everything that a test does not set, and a way to apply them to a
// device.
import type { Item, Kind, Location, Position, Row, WireTables } from '#shared/rows/rows.ts'
import { encodeTable } from '#shared/rows/rows.ts'
import type { Device } from '../../../client/device/device.ts'

export function itemRow(id: string, name: string, more: Partial<Item> = {}): Item {
  const nothing = { sku: null, categoryId: null, cost: null, low: null, high: null, target: null, notes: null }
  const plain = { unit: 'pcs', decimals: 0, tracksLots: false, custom: {}, archived: false }
  return { id, name, ...nothing, ...plain, version: 1, ...more }
}

export function locationRow(id: string, name: string, more: Partial<Location> = {}): Location {
  return { id, name, parentId: null, kind: null, barcode: null, archived: false, version: 1, ...more }
}

/** `quantity` in thousandths. */
export function positionRow(
  at: { itemId: string; locationId: string },
  quantity: number,
  more: Partial<Position> = {},
): Position {
  return { ...at, lot: '', quantity, countedAt: null, countedId: null, countedSince: null, version: 1, ...more }
}

export type RowsByKind = { [K in Kind]?: Row<K>[] }

export function tablesOf(rows: RowsByKind): WireTables {
  return Object.fromEntries(
    Object.entries(rows).map(([kind, list]) => [kind, encodeTable(kind as Kind, list as never)]),
  )
}

/** Applies all rows up to a version to a device, as a pull does. */
export async function applySnapshot(device: Device, rows: RowsByKind, version = 1): Promise<void> {
  const point = { ...device.syncPoint.value, cursor: `v${version}`, epoch: 1, version, complete: true }
  const { clientId } = await device.queue.identity()
  await device.applyUpdate({ tables: tablesOf(rows), point, lastSeq: 0, clientId })
}
