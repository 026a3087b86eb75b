// The names of items and locations, as screens show them.
import { t } from '../strings/strings.ts'
import type { Device } from '../device/device.ts'

/** A location's own name, or that it is not known here. */
export function locationName(device: Device, locationId: string): string {
  return device.queries.location(locationId)?.name ?? t('place.unknown')
}

/** Where it lies: "Back room · Aisle A". Empty at the top. */
export function parentPath(device: Device, locationId: string): string {
  return device.queries.path('locations', locationId).slice(0, -1).join(' · ')
}

export function itemName(device: Device, itemId: string): string {
  return device.queries.item(itemId)?.name ?? t('item.unknown')
}
