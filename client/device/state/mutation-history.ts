// This device's own last mutations, newest first, with their state.
import { computed, signal } from '@preact/signals'
import { recordedArgs } from '#shared/mutations/args.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { HISTORY_MAX } from '../records.ts'

export interface HistoryEntry {
  envelope: Envelope
  /** saved: durable on this device; synced: the server has decided it (a refusal is a conflict with its id). */
  state: 'saved' | 'synced'
}

type Recorded = { envelope: Envelope }

export class MutationHistory {
  readonly entries = signal<HistoryEntry[]>([])
  /** The items of the entries. */
  readonly itemIds = computed<ReadonlySet<unknown>>(
    () => new Set(this.entries.value.map(({ envelope }) => recordedArgs(envelope.args)['itemId'])),
  )

  /** Starts with the stored mutations: acknowledged ones newest first, pending ones oldest first. */
  load(acknowledged: readonly Recorded[], pending: readonly Recorded[]): void {
    const newest = pending.slice(-HISTORY_MAX).toReversed()
    this.entries.value = [
      ...newest.map(({ envelope }): HistoryEntry => ({ envelope, state: 'saved' })),
      ...acknowledged.map(({ envelope }): HistoryEntry => ({ envelope, state: 'synced' })),
    ].slice(0, HISTORY_MAX)
  }

  addSaved({ envelope }: Recorded): void {
    const entry: HistoryEntry = { envelope, state: 'saved' }
    this.entries.value = [entry, ...this.entries.value].slice(0, HISTORY_MAX)
  }

  markSynced(acknowledged: readonly { seq: number }[]): void {
    if (acknowledged.length === 0) return
    const seqs = new Set(acknowledged.map(({ seq }) => seq))
    this.entries.value = this.entries.value.map((entry) =>
      entry.state === 'saved' && seqs.has(entry.envelope.seq) ? { ...entry, state: 'synced' } : entry,
    )
  }
}
