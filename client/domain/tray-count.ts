// The number on the tray and on the app's icon: pending mutations and everything that needs a person.
import type { Device } from '../device/device.ts'
import { mayDo } from '../session/permissions.ts'
import type { Person } from '../session/stored-person.ts'

export interface TrayCount {
  count: number
  /** How many of these are refusals and reviews. */
  conflicts: number
}

export function trayCount(workspace: {
  person: Person
  device: Pick<Device, 'pendingCount' | 'scans' | 'queries'>
}): TrayCount {
  const { pendingCount, scans, queries } = workspace.device
  const conflicts = queries.openConflicts().length
  // A viewer cannot count a position below zero.
  const toCount = mayDo(workspace, 'staff') ? queries.positionsBelowZero().length : 0
  return { count: pendingCount.value + scans.unresolved.value.length + conflicts + toCount, conflicts }
}
