// All that waits here, as a file that a person can keep and read.
import type { OutboxEntry, ScanRecord } from '../device/database.ts'

export interface Waiting {
  outbox: readonly OutboxEntry[]
  scans: readonly ScanRecord[]
}

export function saveWaiting(
  { outbox, scans }: Waiting,
  { device, inWords }: { device: string; inWords?: (entry: OutboxEntry) => unknown },
): void {
  const content = {
    about: 'Stockhand: what waited on this device',
    device,
    savedAt: new Date().toISOString(),
    pending: outbox.map((entry) => ({ ...entry.envelope, ...(inWords && { inWords: inWords(entry) }) })),
    scans: scans.filter(({ state }) => state === 'unresolved'),
  }
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `stockhand-${new Date().toISOString().slice(0, 16).replaceAll(/[:T]/g, '-')}.json`
  link.click()
  URL.revokeObjectURL(url)
}
