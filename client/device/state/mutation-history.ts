// This device's own last mutations, newest first, with where each is.
import { signal } from '@preact/signals'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { RECENT_MAX } from '../storage/device-storage.ts'

export interface RecentEntry {
  envelope: Envelope
  /** saved: durable here; synced: the server has decided it (a refusal shows as a conflict with its id). */
  state: 'saved' | 'synced'
}

type Kept = { envelope: Envelope }

export class Recent {
  readonly entries = signal<RecentEntry[]>([])

  /** Begins with what is kept: what was sent, newest first, and what waits, oldest first. */
  begin(synced: readonly Kept[], saved: readonly Kept[]): void {
    const waiting = saved.slice(-RECENT_MAX).toReversed()
    this.entries.value = [
      ...waiting.map(({ envelope }): RecentEntry => ({ envelope, state: 'saved' })),
      ...synced.map(({ envelope }): RecentEntry => ({ envelope, state: 'synced' })),
    ].slice(0, RECENT_MAX)
  }

  saved({ envelope }: Kept): void {
    const entry: RecentEntry = { envelope, state: 'saved' }
    this.entries.value = [entry, ...this.entries.value].slice(0, RECENT_MAX)
  }

  synced(gone: readonly { seq: number }[]): void {
    if (gone.length === 0) return
    const seqs = new Set(gone.map(({ seq }) => seq))
    this.entries.value = this.entries.value.map((entry) =>
      entry.state === 'saved' && seqs.has(entry.envelope.seq) ? { ...entry, state: 'synced' } : entry,
    )
  }
}
