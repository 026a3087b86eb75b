// What the card shows: the last scan's item and the run that it belongs to.
import type { RemoteLookup } from '../../../api/api-client.ts'
import type { Mode } from './scan-setting.ts'

/** One recorded step of a run. */
export interface MovementStep {
  mutationId: string
  /** Thousandths. */
  quantity: number
}

/**
 * Receives or withdrawals of one item in one place, scan after scan. Each scan is a fact of its own; the run is what the
 * person sees as "3".
 */
export interface MovementRun {
  kind: 'run'
  mode: 'receive' | 'withdraw'
  itemId: string
  locationId: string
  lot: string
  expiresOn: string | undefined
  /** Before its first step. Thousandths. */
  was: number
  steps: readonly MovementStep[]
}

/** What a scan adds to a count or a move that is not recorded yet. */
export interface DraftLine {
  itemId: string
  lot: string
  quantity: number
  /** The scans that it is made of, still in the scan log. */
  scanIds: readonly string[]
  /** When its first scan was, Unix ms. */
  since: number
  /** When something was last added to it or set, Unix ms. */
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
  | { kind: 'place'; locationId: string; mode: Mode }
  /** Answered by the server, while this device still loads. */
  | { kind: 'remote'; found: NonNullable<RemoteLookup> }
  | { kind: 'unknown'; code: string; scanId: string; unreadable: boolean }

export function sumOf(steps: readonly MovementStep[]): number {
  return steps.reduce((sum, { quantity }) => sum + quantity, 0)
}
