// The number at the tray and on the app's icon, with the real device code over an IndexedDB in memory.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Role } from '#shared/rows/rows.ts'
import { applySnapshot, itemRow, locationRow, positionRow } from '../../tests/device/support/sample-rows.ts'
import { Device } from '../device/device.ts'
import { trayCount } from './tray-count.ts'

const [itemId, locationId, userId, orgId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]

test('the number includes pending mutations, unresolved scans and positions below zero, the latter only for people who may count', async () => {
  const device = await Device.open({ name: randomUUID(), actor: { userId, role: 'staff' } })
  await applySnapshot(device, {
    items: [itemRow(itemId, 'Tea')],
    locations: [locationRow(locationId, 'Shelf')],
    positions: [positionRow({ itemId, locationId }, -2000)],
  })
  const countFor = (role: Role) => {
    const person = { user: { id: userId, name: 'Ada', email: '', role }, org: { id: orgId, name: 'Shop' } }
    return trayCount({ device, person }).count
  }
  expect([countFor('staff'), countFor('viewer')]).toEqual([1, 0])
  await device.scans.store({ code: '4006381333931', at: Date.now(), mode: 'receive', locationId: null })
  expect([countFor('staff'), countFor('viewer')]).toEqual([2, 1])
  await device.record('stock.receive', { itemId, locationId, quantity: 1 })
  expect([countFor('staff'), countFor('viewer')]).toEqual([3, 2])
  device.close()
})
