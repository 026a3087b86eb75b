// What waited on another device, or on this one before its data was lost, as the file has it in which it was saved; and
// how it reads by this device's own clock. Keeps D19.
import type { Envelope } from '#shared/mutations/envelope.ts'
import { CLOCK_TOLERANCE_MS, effectiveStamp, formatStamp, shiftStamp, parseStamp } from '#shared/values/stamp.ts'
import type { OutboxEntry, ScanRecord, SyncPoint } from '../records.ts'
import { withStamp } from './outbox.ts'

export interface OutboxExport {
  pending: readonly Envelope[]
  /** Scans that became nothing there yet. */
  scans: readonly ScanRecord[]
  /** Scans that were seen to there in the last days: an older file may have brought them here, where they still ask. */
  settledScans: readonly string[]
  /** Of the device that saved it: the server's clock minus its own, and the history that its versions are of. */
  clockOffsetMs: number
  epoch: number
}

/** How much of it was not known here yet. */
export interface ImportResult {
  mutations: number
  scans: number
}

/** The same, as this device can keep it. */
export interface RebasedImport extends Pick<OutboxExport, 'scans' | 'settledScans'> {
  mutations: readonly Pick<OutboxEntry, 'envelope' | 'at'>[]
}

type Here = Pick<SyncPoint, 'clockOffsetMs' | 'epoch'> & { nowMs: number }

export function rebaseImport({ pending, settledScans, ...from }: OutboxExport, here: Here): RebasedImport {
  const { clockOffsetMs, epoch, nowMs } = here
  const apartMs = from.clockOffsetMs - clockOffsetMs
  const byMs = Math.abs(apartMs) > CLOCK_TOLERANCE_MS ? apartMs : 0
  const made = pending.map((envelope) => {
    const { seen, ...unseen } = inLocalTime(envelope, { byMs, nowMs })
    // Versions are an epoch's own: in another one `seen` would name another commit.
    const own = seen !== undefined && from.epoch === epoch && epoch !== 0 ? { ...unseen, seen } : unseen
    return { envelope: own, at: effectiveStamp(own.at, { serverNow: nowMs + clockOffsetMs, deviceNow: nowMs }) }
  })
  // A count begins, and the stock of a move leaves its place, when its first scan was.
  const scans = from.scans.map((scan) => ({ ...scan, at: Math.min(scan.at + byMs, nowMs) }))
  return { mutations: made, scans, settledScans }
}

/** A mutation at the time that this device's clock read when it was made; never later than now. */
function inLocalTime(envelope: Envelope, { byMs, nowMs }: { byMs: number; nowMs: number }): Envelope {
  const moved = byMs === 0 ? envelope.at : shiftStamp(envelope.at, byMs)
  const { ms, ...rest } = parseStamp(moved)
  const at = ms > nowMs ? formatStamp({ ...rest, ms: nowMs }) : moved
  return at === envelope.at ? envelope : withStamp(envelope, at)
}
