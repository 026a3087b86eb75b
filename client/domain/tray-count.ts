// How much waits for the person or to be sent: the number at the tray and on the app's icon, which are one.
import type { Device } from '../device/device.ts'
import { mayDo } from '../session/permissions.ts'
import type { Person } from '../session/stored-person.ts'

export interface TrayCount {
  count: number
  /** Of these, refusals and reviews. */
  conflicts: number
}

export function trayCount(app: {
  person: Person
  device: Pick<Device, 'pendingCount' | 'scans' | 'queries'>
}): TrayCount {
  const { pendingCount, scans, queries } = app.device
  const conflicts = queries.openConflicts().length
  // Whoever only reads has nothing to do about a shelf.
  const toCount = mayDo(app, 'staff') ? queries.positionsBelowZero().length : 0
  return { count: pendingCount.value + scans.unresolved.value.length + conflicts + toCount, conflicts }
}
