// What this device shows, in memory: the confirmed rows with the pending mutations replayed over them, each at the time
// that the server will assign, and the history. Memory serves reads; nothing is stored here. Keeps D2, D6, T8.
import { signal } from '@preact/signals'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { Outcome } from '#shared/mutations/apply.ts'
import { CLOCK_TOLERANCE_MS, effectiveStamp, nextStamp } from '#shared/values/stamp.ts'
import { type SyncUpdate, INITIAL_SYNC_POINT } from '../sync-update.ts'
import type { OutboxEntry, SyncPoint } from '../records.ts'
import type { Snapshot } from '../storage/device-storage.ts'
import { ALL_ROWS_CHANGED, ConfirmedRows, type RowChange } from './confirmed-rows.ts'
import { type Actor, PendingMutations } from './pending-mutations.ts'
import { MutationHistory } from './mutation-history.ts'
import { Queries } from './queries.ts'
import { RowSubscriptions } from './row-subscriptions.ts'

/** A mutation that is not recorded yet. */
type UnrecordedMutation = Pick<Envelope, 'id' | 'name' | 'args'>

/**
 * Seqs from here on exist only in memory, for mutations that have no number on disk, or another one than memory knows.
 */
const UNNUMBERED_FROM = 2 ** 51
const NO_EFFECTS = { changes: [], movements: [], notes: [] }
/** In a dry run only the time matters, not the device. */
const NO_DEVICE = '00000000'

export class OptimisticState {
  readonly confirmed = new ConfirmedRows()
  readonly pending: PendingMutations
  readonly queries: Queries
  readonly history = new MutationHistory()
  readonly point = signal<SyncPoint>(INITIAL_SYNC_POINT)
  readonly pendingCount = signal(0)
  readonly #subscriptions = new RowSubscriptions()
  readonly #now: () => number
  /** The clock offset with which the stamps of pending mutations were estimated. */
  #estimatedOffsetMs = 0
  #lastAt: string | undefined
  /**
   * One more than the last seq in memory. A mutation of another tab with another seq means that something was missed.
   */
  #nextSeq = 1
  #lastUnnumbered = UNNUMBERED_FROM

  constructor({ actor, now }: { actor: Actor; now: () => number }) {
    this.#now = now
    this.pending = new PendingMutations(this.confirmed, actor)
    this.queries = new Queries({
      confirmed: this.confirmed,
      pending: this.pending,
      subscriptions: this.#subscriptions,
      isUsedRecently: (itemId) => this.history.itemIds.peek().has(itemId),
    })
  }

  /** Starts with the stored data and the mutations that the disk has lost. The confirmed rows are filled already. */
  fill({
    point,
    done,
    outbox,
    missing,
    nextSeq,
  }: Pick<Snapshot, 'point' | 'done' | 'outbox' | 'missing' | 'nextSeq'>): void {
    this.point.value = point ?? INITIAL_SYNC_POINT
    for (const entry of done.toReversed()) this.pending.addAcknowledged(entry)
    const pending = [...outbox, ...missing.map((envelope) => this.#unnumbered({ envelope }))]
    this.#replayAll(pending.map(({ envelope }) => envelope))
    this.history.load(done, pending)
    this.#nextSeq = nextSeq
    this.pendingCount.value = this.pending.size
  }

  /** Decides a mutation as if it were recorded now. */
  dryRun(mutation: UnrecordedMutation): Outcome {
    const at = this.estimateStamp(nextStamp(undefined, this.#now(), NO_DEVICE))
    return this.pending.decide({ ...mutation, at }, at)
  }

  /** The same for a strict mutation, which is refused if it would withdraw too much. */
  dryRunStrict(mutation: UnrecordedMutation): Outcome {
    const at = nextStamp(this.#lastAt, this.#now() + this.point.value.clockOffsetMs, NO_DEVICE)
    return this.pending.decide({ ...mutation, at, strict: true }, at)
  }

  /** Estimates the effective stamp that the server will assign, after this device's last one. */
  estimateStamp(stamp: string): string {
    const deviceNow = this.#now()
    const serverNow = deviceNow + this.point.value.clockOffsetMs
    return effectiveStamp(stamp, { serverNow, deviceNow, last: this.#lastAt })
  }

  /** Shows a stored mutation in the rows and in the history. */
  add(entry: OutboxEntry): void {
    const { touched, toRecompute } = this.#replay(entry)
    this.pending.recompute(toRecompute)
    this.#notify(touched)
    this.history.addSaved(entry)
    this.#nextSeq = Math.max(this.#nextSeq, entry.seq + 1)
    this.pendingCount.value = this.pending.size
  }

  /** Shows a mutation that was stored in a rebuilt database, where its seq belongs to another mutation in memory. */
  addUnnumbered(entry: OutboxEntry): void {
    this.add(this.#unnumbered(entry))
  }

  #unnumbered<T extends { envelope: Envelope }>(entry: T): T & { seq: number } {
    const seq = (this.#lastUnnumbered += 1)
    return { ...entry, seq, envelope: { ...entry.envelope, seq } }
  }

  /** Shows a mutation that another tab has stored. Returns false if it does not follow the last one in memory. */
  addIfNext(entry: OutboxEntry): boolean {
    if (entry.seq !== this.#nextSeq) return false
    this.add(entry)
    return true
  }

  /** Applies a stored update at once: the changed rows, and the pending mutations that it acknowledges. */
  applyUpdate(update: SyncUpdate, changes: RowChange[], acknowledged: readonly { seq: number }[]): void {
    const touched = this.pending.acknowledge(acknowledged.map(({ seq }) => seq))
    const all = [...changes, ...touched]
    this.pending.recompute(all)
    this.point.value = update.point
    const offsetMs = update.point.clockOffsetMs - this.#estimatedOffsetMs
    if (update.whole || Math.abs(offsetMs) > CLOCK_TOLERANCE_MS) this.#replayAll(this.pending.envelopes())
    this.pendingCount.value = this.pending.size
    if (update.point.complete) this.#nextSeq = Math.max(this.#nextSeq, update.lastSeq + 1)
    this.history.markSynced(acknowledged)
    this.#notify(all)
  }

  /** Replays all pending mutations over the rows with new stamps, after the rows or the clock offset have changed. */
  #replayAll(envelopes: readonly Envelope[]): void {
    const { clockOffsetMs, lastAt } = this.point.value
    this.pending.clear()
    this.#estimatedOffsetMs = clockOffsetMs
    this.#lastAt = lastAt ?? undefined
    const toRecompute: RowChange[] = []
    for (const envelope of envelopes) {
      toRecompute.push(...this.#replay({ envelope, at: this.estimateStamp(envelope.at) }).toRecompute)
    }
    this.pending.recompute(toRecompute)
    this.#notify(ALL_ROWS_CHANGED)
  }

  #replay({ envelope, at }: Pick<OutboxEntry, 'envelope' | 'at'>): { touched: RowChange[]; toRecompute: RowChange[] } {
    if (this.#lastAt === undefined || at > this.#lastAt) this.#lastAt = at
    const outcome = this.pending.decide(envelope, at)
    return this.pending.add(envelope, at, outcome.status === 'refused' ? NO_EFFECTS : outcome.effects)
  }

  #notify(changes: readonly RowChange[]): void {
    this.queries.rowsChanged(changes, { loading: !this.point.value.complete })
    this.#subscriptions.notify(changes)
  }
}
