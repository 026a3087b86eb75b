// How much waits for the person or to be sent: the number at the tray and on the app's icon, which are one.
import type { Device } from '../device/device.ts'
import type { App } from './app-context.ts'
import { mayDo } from './app-context.ts'

export interface TrayCount {
  count: number
  /** Of these, refusals and reviews. */
  conflicts: number
}

export function trayCount(
  app: Pick<App, 'person'> & { device: Pick<Device, 'pendingCount' | 'scans' | 'view'> },
): TrayCount {
  const { pendingCount, scans, view } = app.device
  const conflicts = view.openConflicts().length
  // Whoever only reads has nothing to do about a shelf.
  const toCount = mayDo(app, 'staff') ? view.positionsBelowZero().length : 0
  return { count: pendingCount.value + scans.unresolved.value.length + conflicts + toCount, conflicts }
}
