// Saves everything pending on this device as a file that a person can store, read and import: see outbox-file.ts.
import type { OutboxEntry, ScanRecord } from '../device/records.ts'
import { FILE_SIGNATURE } from './outbox-file.ts'

export interface PendingData {
  outbox: readonly OutboxEntry[]
  scans: readonly ScanRecord[]
}

export interface ExportSource {
  /** The device's name, which contains the ids of its owner. */
  device: string
  /** The owner's name, for people who read the file. */
  person?: string | undefined
  /** The device's epoch and clock offset, if they are known. */
  point?: { epoch: number; clockOffsetMs: number }
  inWords?: (entry: OutboxEntry) => unknown
}

export function exportOutbox(data: PendingData, from: ExportSource, now: Date): void {
  const text = JSON.stringify(outboxFile(data, from, now), null, 2)
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `stockhand-${now.toISOString().slice(0, 16).replaceAll(/[:T]/g, '-')}.json`
  link.click()
  URL.revokeObjectURL(url)
}

export function outboxFile({ outbox, scans }: PendingData, from: ExportSource, now: Date): object {
  const { device, person, point, inWords } = from
  return {
    about: FILE_SIGNATURE,
    device,
    ...(person !== undefined && { person }),
    ...(point && { epoch: point.epoch, clockOffsetMs: point.clockOffsetMs }),
    savedAt: now.toISOString(),
    pending: outbox.map((entry) => ({ ...entry.envelope, ...(inWords && { inWords: inWords(entry) }) })),
    scans: scans.filter(({ state }) => state === 'unresolved'),
    settledScans: scans.filter(({ state }) => state !== 'unresolved').map(({ id }) => id),
  }
}
