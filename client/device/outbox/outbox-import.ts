// The pending mutations of another device, or of this one before its data was lost, read from a saved file and
// converted to this device's clock. Keeps D19.
import type { Envelope } from '#shared/mutations/envelope.ts'
import { CLOCK_TOLERANCE_MS, effectiveStamp, formatStamp, shiftStamp, parseStamp } from '#shared/values/stamp.ts'
import type { OutboxEntry, ScanRecord, SyncPoint } from '../records.ts'
import { withStamp } from './outbox.ts'

export interface OutboxExport {
  pending: readonly Envelope[]
  /** Unresolved scans. */
  scans: readonly ScanRecord[]
  /**
   * Scans resolved or dismissed there in the last days. An older file may have imported them here, where they are still
   * unresolved.
   */
  settledScans: readonly string[]
  /** The exporting device's clock offset (the server's clock minus its own, ms) and the epoch of its versions. */
  clockOffsetMs: number
  epoch: number
}

/** How many mutations and scans this device did not know yet. */
export interface ImportResult {
  mutations: number
  scans: number
}

/** The imported data, converted so that this device can store it. */
export interface RebasedImport extends Pick<OutboxExport, 'scans' | 'settledScans'> {
  mutations: readonly Pick<OutboxEntry, 'envelope' | 'at'>[]
}

type LocalClock = Pick<SyncPoint, 'clockOffsetMs' | 'epoch'> & { nowMs: number }

export function rebaseImport({ pending, settledScans, ...from }: OutboxExport, local: LocalClock): RebasedImport {
  const { clockOffsetMs, epoch, nowMs } = local
  const offsetMs = from.clockOffsetMs - clockOffsetMs
  const shiftMs = Math.abs(offsetMs) > CLOCK_TOLERANCE_MS ? offsetMs : 0
  const mutations = pending.map((envelope) => {
    const { seen, ...unseen } = toLocalTime(envelope, { shiftMs, nowMs })
    // Versions belong to an epoch. In another one `seen` would name another commit.
    const own = seen !== undefined && from.epoch === epoch && epoch !== 0 ? { ...unseen, seen } : unseen
    return { envelope: own, at: effectiveStamp(own.at, { serverNow: nowMs + clockOffsetMs, deviceNow: nowMs }) }
  })
  // A count begins, and the stock of a move leaves its location, at the time of its first scan.
  const scans = from.scans.map((scan) => ({ ...scan, at: Math.min(scan.at + shiftMs, nowMs) }))
  return { mutations, scans, settledScans }
}

/** Converts a mutation's stamp to this device's clock; never later than now. */
function toLocalTime(envelope: Envelope, { shiftMs, nowMs }: { shiftMs: number; nowMs: number }): Envelope {
  const moved = shiftMs === 0 ? envelope.at : shiftStamp(envelope.at, shiftMs)
  const { ms, ...rest } = parseStamp(moved)
  const at = ms > nowMs ? formatStamp({ ...rest, ms: nowMs }) : moved
  return at === envelope.at ? envelope : withStamp(envelope, at)
}
