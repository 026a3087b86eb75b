// The lines of the scan log: this device's movements and unresolved scans, newest first.
import { stampMs } from '#shared/values/stamp.ts'
import type { ScanRecord } from '../../../device/records.ts'
import type { HistoryEntry } from '../../../device/state/mutation-history.ts'

export type ScanLogLine =
  | { kind: 'recorded'; at: number; entry: HistoryEntry; undone: boolean }
  | { kind: 'unresolved'; at: number; scan: ScanRecord }

/** Older movements are in the item's history. */
const LINES_MAX = 50

const MOVEMENTS = new Set(['stock.receive', 'stock.withdraw', 'stock.transfer', 'stock.count'])

export function logLines({
  history,
  unresolved,
  inDraft,
}: {
  history: readonly HistoryEntry[]
  unresolved: readonly ScanRecord[]
  /** Scans of the current count or move, which the card shows. */
  inDraft: ReadonlySet<string>
}): ScanLogLine[] {
  const undone = new Set<unknown>()
  for (const { envelope } of history) {
    if (envelope.name === 'stock.undo') undone.add((envelope.args as { mutationId?: unknown }).mutationId)
  }
  const recorded = history
    .filter(({ envelope }) => MOVEMENTS.has(envelope.name))
    .slice(0, LINES_MAX)
    .map((entry): ScanLogLine => {
      const { envelope } = entry
      return { kind: 'recorded', at: stampMs(envelope.at), entry, undone: undone.has(envelope.id) }
    })
  const open = unresolved
    .filter(({ id }) => !inDraft.has(id))
    .slice(0, LINES_MAX)
    .map((scan): ScanLogLine => ({ kind: 'unresolved', at: scan.at, scan }))
  return [...recorded, ...open].toSorted((a, b) => b.at - a.at).slice(0, LINES_MAX)
}
