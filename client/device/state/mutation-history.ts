// This device's own last mutations, newest first, with where each is.
import { signal } from '@preact/signals'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { HISTORY_MAX } from '../storage/device-storage.ts'

export interface HistoryEntry {
  envelope: Envelope
  /** saved: durable here; synced: the server has decided it (a refusal shows as a conflict with its id). */
  state: 'saved' | 'synced'
}

type Kept = { envelope: Envelope }

export class MutationHistory {
  readonly entries = signal<HistoryEntry[]>([])

  /** Begins with what is kept: what was sent, newest first, and what waits, oldest first. */
  load(markSynced: readonly Kept[], addSaved: readonly Kept[]): void {
    const waiting = addSaved.slice(-HISTORY_MAX).toReversed()
    this.entries.value = [
      ...waiting.map(({ envelope }): HistoryEntry => ({ envelope, state: 'saved' })),
      ...markSynced.map(({ envelope }): HistoryEntry => ({ envelope, state: 'synced' })),
    ].slice(0, HISTORY_MAX)
  }

  saved({ envelope }: Kept): void {
    const entry: HistoryEntry = { envelope, state: 'saved' }
    this.entries.value = [entry, ...this.entries.value].slice(0, HISTORY_MAX)
  }

  synced(gone: readonly { seq: number }[]): void {
    if (gone.length === 0) return
    const seqs = new Set(gone.map(({ seq }) => seq))
    this.entries.value = this.entries.value.map((entry) =>
      entry.state === 'saved' && seqs.has(entry.envelope.seq) ? { ...entry, state: 'synced' } : entry,
    )
  }
}
