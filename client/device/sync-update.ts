// What reaches a device: by the server's answers, and by its other tabs.
import type { WireTables } from '#shared/rows/rows.ts'
import type { OutboxEntry, SyncPoint } from './records.ts'
import type { ConfirmedRows } from './state/confirmed-rows.ts'

/** What one answer of the server brings: rows, how far they reach, and what it has taken. */
export interface SyncUpdate {
  tables: WireTables
  point: SyncPoint
  /** Mutations up to this seq are decided, and their rows are among these or came before. */
  lastSeq: number
  /** Under which client id that is its number: one that was given up numbered what waits otherwise. */
  clientId: string
  /** All rows anew, in place of what was there. */
  whole?: ConfirmedRows
}

/** True if an update starts exactly where the rows of this device end. */
export function isNextUpdate({ epoch, from }: { epoch: number; from: number }, point: SyncPoint): boolean {
  return epoch === point.epoch && from === point.version
}

/** What other tabs of this device must know. */
export type TabMessage =
  | { kind: 'recorded'; entries: OutboxEntry[]; clientId: string }
  | { kind: 'arrived'; arrival: SyncUpdate; from: number }
  | { kind: 'scans' }
  | { kind: 'reread' }

/** Another tab has written meanwhile: what this one was about to keep no longer fits, and it has read the disk again. */
export class StaleTabError extends Error {
  constructor() {
    super('another tab has gone ahead')
    this.name = 'GoneAhead'
  }
}

/** Before anything was heard of the server. */
export const INITIAL_SYNC_POINT: SyncPoint = {
  cursor: null,
  epoch: 0,
  version: 0,
  complete: false,
  asOf: 0,
  clockOffsetMs: 0,
  lastAt: null,
}
