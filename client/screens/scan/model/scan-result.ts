// What the card shows: the item of the last scan, and its run, count or move.
import type { RemoteLookup } from '../../../api/api-client.ts'
import type { Mode } from './scan-setting.ts'

/** One recorded step of a run. */
export interface MovementStep {
  mutationId: string
  /** Thousandths. */
  quantity: number
}

/**
 * Receipts or withdrawals of one item at one location, scan by scan. Each scan is recorded on its own; the run is what
 * the person sees as "3".
 */
export interface MovementRun {
  kind: 'run'
  mode: 'receive' | 'withdraw'
  itemId: string
  locationId: string
  lot: string
  expiresOn: string | undefined
  /** The quantity before the first step. Thousandths. */
  was: number
  steps: readonly MovementStep[]
}

/** A line of a count or a move that is not recorded yet. */
export interface DraftLine {
  itemId: string
  lot: string
  quantity: number
  /** Its scans, which are still unresolved. */
  scanIds: readonly string[]
  /** The time of its first scan, Unix ms. */
  since: number
  /** The time of its last change, Unix ms. */
  touched: number
}

export interface CountResult {
  kind: 'count'
  itemId: string
  locationId: string
  lot: string
  was: number
}

export type ScanResult =
  | MovementRun
  | CountResult
  | { kind: 'hand'; itemId: string; locationId: string; lot: string }
  | { kind: 'look'; itemId: string; locationId: string | null }
  | { kind: 'location'; locationId: string; mode: Mode }
  /** An answer of the server during the first sync. */
  | { kind: 'remote'; found: NonNullable<RemoteLookup> }
  | { kind: 'unknown'; code: string; scanId: string; unreadable: boolean }

export function sumOf(steps: readonly MovementStep[]): number {
  return steps.reduce((sum, { quantity }) => sum + quantity, 0)
}
