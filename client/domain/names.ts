// The names of items and locations as screens show them.
import { t } from '../strings/strings.ts'
import type { Device } from '../device/device.ts'

/** A location's name, or a text that says that it is unknown on this device. */
export function locationName(device: Device, locationId: string): string {
  return device.queries.location(locationId)?.name ?? t('location.unknown')
}

/** The path of a location's parents, such as "Back room · Aisle A". Empty for a top-level location. */
export function parentPath(device: Device, locationId: string): string {
  return device.queries.path('locations', locationId).slice(0, -1).join(' · ')
}

export function itemName(device: Device, itemId: string): string {
  return device.queries.item(itemId)?.name ?? t('item.unknown')
}
