// The lines of the scan log: what this device recorded and what it scanned in vain, by time.
import { stampMs } from '#shared/values/stamp.ts'
import type { ScanRecord } from '../../../device/records.ts'
import type { HistoryEntry } from '../../../device/state/mutation-history.ts'

export type ScanLogLine =
  | { kind: 'recorded'; at: number; entry: HistoryEntry; undone: boolean }
  | { kind: 'unresolved'; at: number; scan: ScanRecord }

/** Further back is the item's own history. */
const LINES_MAX = 50

const MOVEMENTS = new Set(['stock.receive', 'stock.withdraw', 'stock.transfer', 'stock.count'])

export function logLines({
  recent,
  unresolved,
  held,
}: {
  recent: readonly HistoryEntry[]
  unresolved: readonly ScanRecord[]
  /** Scans of a count or a move under way: the card shows them. */
  held: ReadonlySet<string>
}): ScanLogLine[] {
  const undone = new Set<unknown>()
  for (const { envelope } of recent) {
    if (envelope.name === 'stock.undo') undone.add((envelope.args as { mutationId?: unknown }).mutationId)
  }
  const recorded = recent
    .filter(({ envelope }) => MOVEMENTS.has(envelope.name))
    .slice(0, LINES_MAX)
    .map((entry): ScanLogLine => {
      const { envelope } = entry
      return { kind: 'recorded', at: stampMs(envelope.at), entry, undone: undone.has(envelope.id) }
    })
  const waiting = unresolved
    .filter(({ id }) => !held.has(id))
    .slice(0, LINES_MAX)
    .map((scan): ScanLogLine => ({ kind: 'unresolved', at: scan.at, scan }))
  return [...recorded, ...waiting].toSorted((a, b) => b.at - a.at).slice(0, LINES_MAX)
}
