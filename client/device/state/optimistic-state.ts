// What this device shows, in memory: the confirmed rows and, over them, what waits, each at the place in time where the
// server will put it; and the last things done. Memory is for reading: nothing here is kept. Keeps D2, D6, T8.
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
type Trial = Pick<Envelope, 'id' | 'name' | 'args'>

/** Seqs from here on are memory's alone: of what has no place on the disk, or another than memory knows. */
const UNNUMBERED_FROM = 2 ** 51
const NO_EFFECTS = { changes: [], movements: [], notes: [] }
/** In a trial the time decides, and not whose it is. */
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
  /** The clock offset by which what is pending was placed in time. */
  #estimatedOffsetMs = 0
  #lastAt: string | undefined
  /** One more than the last seq that memory knows of: what another tab records follows, or something was missed. */
  #nextSeq = 1
  #lastUnnumbered = UNNUMBERED_FROM

  constructor({ actor, now }: { actor: Actor; now: () => number }) {
    this.#now = now
    this.pending = new PendingMutations(this.confirmed, actor)
    this.queries = new Queries({ mirror: this.confirmed, pending: this.pending, watched: this.#subscriptions })
  }

  /** Begins with what the disk keeps, and what it has lost; the mirror holds its rows already. */
  fill({
    point,
    done,
    outbox,
    missing,
    nextSeq,
  }: Pick<Snapshot, 'point' | 'done' | 'outbox' | 'missing' | 'nextSeq'>): void {
    this.point.value = point ?? INITIAL_SYNC_POINT
    for (const entry of done.toReversed()) this.pending.addAcknowledged(entry)
    const waiting = [...outbox, ...missing.map((envelope) => this.#unnumbered({ envelope }))]
    this.#replayAll(waiting.map(({ envelope }) => envelope))
    this.history.load(done, waiting)
    this.#nextSeq = nextSeq
    this.pendingCount.value = this.pending.size
  }

  /** What a mutation would do if it were recorded now. */
  dryRun(trial: Trial): Outcome {
    const at = this.estimateStamp(nextStamp(undefined, this.#now(), NO_DEVICE))
    return this.pending.decide({ ...trial, at }, at)
  }

  /** The same, for whoever would rather not record than go below zero. */
  dryRunStrict(trial: Trial): Outcome {
    const at = nextStamp(this.#lastAt, this.#now() + this.point.value.clockOffsetMs, NO_DEVICE)
    return this.pending.decide({ ...trial, at, strict: true }, at)
  }

  /** Where the server will place a stamp, after this device's last one. */
  estimateStamp(stamp: string): string {
    const deviceNow = this.#now()
    const serverNow = deviceNow + this.point.value.clockOffsetMs
    return effectiveStamp(stamp, { serverNow, deviceNow, last: this.#lastAt })
  }

  /** Shows a kept mutation: over the rows, and among the recent ones. */
  add(entry: OutboxEntry): void {
    const { touched, unsettled } = this.#replay(entry)
    this.pending.recompute(unsettled)
    this.#notify(touched)
    this.history.saved(entry)
    this.#nextSeq = Math.max(this.#nextSeq, entry.seq + 1)
    this.pendingCount.value = this.pending.size
  }

  /** Shows what was kept in storage that was made anew: its number there is that of something else in memory. */
  addUnnumbered(entry: OutboxEntry): void {
    this.add(this.#unnumbered(entry))
  }

  #unnumbered<T extends { envelope: Envelope }>(entry: T): T & { seq: number } {
    const seq = (this.#lastUnnumbered += 1)
    return { ...entry, seq, envelope: { ...entry.envelope, seq } }
  }

  /** Shows what another tab has kept. False where it does not follow what memory knows of. */
  addIfNext(entry: OutboxEntry): boolean {
    if (entry.seq !== this.#nextSeq) return false
    this.add(entry)
    return true
  }

  /** Takes in what arrived and is kept, all at once: the rows that changed, and what waits no more. */
  applyUpdate(update: SyncUpdate, changes: RowChange[], gone: readonly { seq: number }[]): void {
    const freed = this.pending.acknowledge(gone.map(({ seq }) => seq))
    const all = [...changes, ...freed]
    this.pending.recompute(all)
    this.point.value = update.point
    const offsetMs = update.point.clockOffsetMs - this.#estimatedOffsetMs
    if (update.whole || Math.abs(offsetMs) > CLOCK_TOLERANCE_MS) this.#replayAll(this.pending.envelopes())
    this.pendingCount.value = this.pending.size
    if (update.point.complete) this.#nextSeq = Math.max(this.#nextSeq, update.lastSeq + 1)
    this.history.synced(gone)
    this.#notify(all)
  }

  /** Puts all that waits over the rows, in its order and at its places in time: both may have become others. */
  #replayAll(envelopes: readonly Envelope[]): void {
    const { clockOffsetMs, lastAt } = this.point.value
    this.pending.clear()
    this.#estimatedOffsetMs = clockOffsetMs
    this.#lastAt = lastAt ?? undefined
    const unsettled: RowChange[] = []
    for (const envelope of envelopes) {
      unsettled.push(...this.#replay({ envelope, at: this.estimateStamp(envelope.at) }).unsettled)
    }
    this.pending.recompute(unsettled)
    this.#notify(ALL_ROWS_CHANGED)
  }

  #replay({ envelope, at }: Pick<OutboxEntry, 'envelope' | 'at'>): { touched: RowChange[]; unsettled: RowChange[] } {
    if (this.#lastAt === undefined || at > this.#lastAt) this.#lastAt = at
    const outcome = this.pending.decide(envelope, at)
    return this.pending.add(envelope, at, outcome.status === 'refused' ? NO_EFFECTS : outcome.effects)
  }

  #notify(changes: readonly RowChange[]): void {
    this.queries.rowsChanged(changes, { loading: !this.point.value.complete })
    this.#subscriptions.notify(changes)
  }
}
