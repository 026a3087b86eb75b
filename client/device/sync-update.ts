// Updates that a device receives from the server and from its other tabs.
import type { WireTables } from '#shared/rows/rows.ts'
import type { OutboxEntry, SyncPoint } from './records.ts'
import type { ConfirmedRows } from './state/confirmed-rows.ts'

/** One answer of the server: rows, the new sync point, and the acknowledged mutations. */
export interface SyncUpdate {
  tables: WireTables
  point: SyncPoint
  /** Mutations up to this seq are decided. Their rows are in this update or an earlier one. */
  lastSeq: number
  /** The client id that `lastSeq` belongs to. Under another client id the same mutations have other numbers. */
  clientId: string
  /** All rows, which replace the existing ones. */
  whole?: ConfirmedRows
}

/** True if an update starts exactly where the rows of this device end. */
export function isNextUpdate({ epoch, from }: { epoch: number; from: number }, point: SyncPoint): boolean {
  return epoch === point.epoch && from === point.version
}

/** Messages to the other tabs of this device. */
export type TabMessage =
  | { kind: 'recorded'; entries: OutboxEntry[]; clientId: string }
  | { kind: 'arrived'; arrival: SyncUpdate; from: number }
  | { kind: 'scans' }
  | { kind: 'reread' }

/** Another tab has written in the meantime. This tab's write no longer fits, and it has read the disk again. */
export class StaleTabError extends Error {
  constructor() {
    super('another tab has written in the meantime')
    this.name = 'StaleTabError'
  }
}

/** The sync point before the first answer of the server. */
export const INITIAL_SYNC_POINT: SyncPoint = {
  cursor: null,
  epoch: 0,
  version: 0,
  complete: false,
  asOf: 0,
  clockOffsetMs: 0,
  lastAt: null,
}
