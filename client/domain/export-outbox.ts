// All that waits here, as a file that a person can keep, read, and bring in again: see waiting-file.ts.
import type { OutboxEntry, ScanRecord } from '../device/records.ts'
import { FILE_MARK } from './outbox-file.ts'

export interface PendingData {
  outbox: readonly OutboxEntry[]
  scans: readonly ScanRecord[]
}

export interface ExportSource {
  /** The device's name: it says whose it is. */
  device: string
  /** Their name, for whoever reads the file. */
  person?: string | undefined
  /** How the device stood with the server, where that can be told. */
  point?: { epoch: number; clockOffsetMs: number }
  inWords?: (entry: OutboxEntry) => unknown
}

export function exportOutbox(waiting: PendingData, from: ExportSource, now: Date): void {
  const text = JSON.stringify(outboxFile(waiting, from, now), null, 2)
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
    about: FILE_MARK,
    device,
    ...(person !== undefined && { person }),
    ...(point && { epoch: point.epoch, clockOffsetMs: point.clockOffsetMs }),
    savedAt: now.toISOString(),
    pending: outbox.map((entry) => ({ ...entry.envelope, ...(inWords && { inWords: inWords(entry) }) })),
    scans: scans.filter(({ state }) => state === 'unresolved'),
    settledScans: scans.filter(({ state }) => state !== 'unresolved').map(({ id }) => id),
  }
}
