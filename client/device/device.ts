// The device: what it knows, what it wants, and the only door to change either. Keeps D1–D8.
import { signal } from '@preact/signals'
import { Dexie } from 'dexie'
import { MUTATION_MAX_BYTES } from '#shared/mutations/envelope.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { WireTables } from '#shared/rows/rows.ts'
import { KINDS } from '#shared/rows/rows.ts'
import { uuidv7 } from '#shared/values/id.ts'
import type { MergeCode, Refusal } from '#shared/values/refusals.ts'
import { refuse } from '#shared/values/refusals.ts'
import { effectiveStamp, nextStamp, stampDevice } from '#shared/values/stamp.ts'
import type { DoneEntry, Identity, OutboxEntry, ScanRecord, SyncPoint } from './database.ts'
import { DeviceDatabase } from './database.ts'
import type { RowChange } from './mirror.ts'
import { Mirror } from './mirror.ts'
import { MirrorStore } from './mirror-store.ts'
import type { Actor } from './pending.ts'
import { PendingRows } from './pending.ts'
import { ScanLog } from './scan-log.ts'
import { View } from './view.ts'
import { Watched } from './watched.ts'

/** How long acknowledged mutations are kept: after a restore of the server they are sent again. */
const DONE_KEPT_MS = 7 * 86_400_000
/** How many of them a person sees as recent, and can undo. */
const RECENT_MAX = 200

/** `note` says why it will take effect only in part, as far as this device can tell. */
export type Recorded = { saved: true; id: string; note?: MergeCode } | { saved: false; refusal: Refusal }

/** One of this device's own mutations, newest first, with where it is. */
export interface RecentEntry {
  envelope: Envelope
  /** saved: durable here; synced: the server has decided it (a refusal shows as a conflict with its id). */
  state: 'saved' | 'synced'
}

/** What one answer of the server brings: rows, how far they reach, and what it has taken. */
export interface Arrival {
  tables: WireTables
  point: SyncPoint
  /** Mutations up to this seq are decided, and their rows are among these or came before. */
  lastSeq: number
}

export interface DeviceParts {
  name: string
  actor: Actor
  now?: () => number
  random?: () => Uint8Array
}

/** What other tabs of this device must know. */
export type Told =
  | { kind: 'recorded'; entries: OutboxEntry[] }
  | { kind: 'arrived'; arrival: Arrival; from: number }
  | { kind: 'reread' }

export class Device {
  readonly view: View
  readonly scans: ScanLog
  readonly pendingCount = signal(0)
  readonly recent = signal<RecentEntry[]>([])
  readonly point = signal<SyncPoint>(START)
  /** Rises when something waits to be sent. */
  readonly wanted = signal(0)
  /** Tells the other tabs; set by whoever joins them. */
  tell: (told: Told) => void = () => undefined

  readonly #database: DeviceDatabase
  readonly #actor: Actor
  readonly #now: () => number
  readonly #random: () => Uint8Array
  readonly #mirror = new Mirror()
  readonly #store: MirrorStore
  readonly #pending: PendingRows
  readonly #watched = new Watched()
  #lastAt: string | undefined

  private constructor(database: DeviceDatabase, { actor, now = Date.now, random = randomBytes }: DeviceParts) {
    this.#database = database
    this.#actor = actor
    this.#now = now
    this.#random = random
    this.#store = new MirrorStore(database, this.#mirror)
    this.#pending = new PendingRows(this.#mirror, actor)
    this.view = new View({ mirror: this.#mirror, pending: this.#pending, watched: this.#watched })
    this.scans = new ScanLog(database, { newId: () => this.#newId(), now })
  }

  /** Opens what this device keeps, or begins anew. */
  static async open(parts: DeviceParts): Promise<Device> {
    const device = new Device(new DeviceDatabase(parts.name), parts)
    await device.reread()
    await device.scans.load()
    return device
  }

  /** Reads everything from the disk again: at the start, and when another tab went ahead. */
  async reread(): Promise<void> {
    this.#mirror.clear()
    this.#pending.clear()
    const [, point, outbox, done] = await Promise.all([
      this.#store.load(),
      this.#database.readMeta('point'),
      this.#database.outbox.orderBy('seq').toArray(),
      this.#database.done.orderBy('doneAt').reverse().limit(RECENT_MAX).toArray(),
      this.#identify(),
    ])
    this.point.value = point ?? START
    for (const entry of done.toReversed()) this.#rememberDone(entry)
    this.recent.value = done.map(({ envelope }) => ({ envelope, state: 'synced' }))
    for (const entry of outbox) this.#show(entry)
    this.pendingCount.value = this.#pending.size
    this.#watched.announce(KINDS.map((kind) => ({ kind, key: '' })))
    this.view.invalidate(new Set(KINDS))
  }

  /** What a mutation would do, without recording it: for screens that ask before they record. */
  check(name: string, args: Record<string, unknown>): Refusal | undefined {
    const at = nextStamp(this.#lastAt, this.#now() + this.point.value.clockOffsetMs, '00000000')
    const outcome = this.#pending.decide({ id: '', name, args, at, strict: true }, at)
    return outcome.status === 'refused' ? outcome.refusal : undefined
  }

  /**
   * Records a mutation: decided on what is displayed, kept in one strict transaction, and only then shown. Refused where
   * it could never take effect; nothing is kept then. Rejects where the device cannot keep it.
   */
  async record(name: string, args: Record<string, unknown>, { scanId }: { scanId?: string } = {}): Promise<Recorded> {
    const id = this.#newId()
    if (new TextEncoder().encode(JSON.stringify(args)).length > MUTATION_MAX_BYTES - 1024) {
      return { saved: false, refusal: refuse('mutation_too_large') }
    }
    const now = this.#now()
    const trial = this.#pending.decide({ id, name, args, at: this.#estimate(now) }, this.#estimate(now))
    if (trial.status === 'refused') return { saved: false, refusal: trial.refusal }
    const entry = await this.#keep({ id, name, args, scanId })
    this.#show(entry)
    this.pendingCount.value = this.#pending.size
    if (scanId !== undefined) this.scans.resolved(scanId)
    this.tell({ kind: 'recorded', entries: [entry] })
    this.wanted.value++
    return { saved: true, id, ...(trial.status === 'merged' && { note: trial.note.code }) }
  }

  /** Undoes one of this device's own movements: as a movement of its own if it was sent, or may have been. */
  undo(mutationId: string): Promise<Recorded> {
    return this.record('stock.undo', { mutationId })
  }

  /** The oldest pending mutations after a seq, in order. */
  after(seq: number, limit: number): Promise<OutboxEntry[]> {
    return this.#database.outbox.where('seq').above(seq).limit(limit).toArray()
  }

  get name(): string {
    return this.#database.name
  }

  /** How many rows the mirror holds. */
  get size(): number {
    return this.#mirror.size
  }

  /** The server said that this device holds all there is. */
  confirm(now: number): void {
    this.point.value = { ...this.point.value, asOf: now }
  }

  identity(): Promise<Identity> {
    return this.#identify()
  }

  /** Takes what the server answered: rows, cursor and cleared outbox in one transaction, then all at once in memory. */
  async arrive(arrival: Arrival): Promise<void> {
    const from = this.point.value.version
    const gone = arrival.point.complete ? await this.#acknowledged(arrival.lastSeq) : []
    const changes = this.#mirror.apply(arrival.tables)
    const done = gone.map((entry): DoneEntry => ({
      ...entry,
      id: entry.envelope.id,
      doneAt: this.#now(),
      posted: this.#pending.postedOf(entry.seq),
    }))
    const { meta, chunks, log, outbox, done: doneTable } = this.#database
    await this.#database.transaction('rw', [meta, chunks, log, outbox, doneTable], async () => {
      const kept = await this.#database.readMeta('point')
      if (kept && kept.cursor !== this.point.value.cursor) throw new Error('another tab has gone ahead')
      await this.#store.keep(arrival.tables, changes)
      await this.#database.writeMeta('point', arrival.point)
      if (done.length === 0) return
      await outbox.bulkDelete(done.map(({ seq }) => seq))
      await doneTable.bulkPut(done)
      await doneTable
        .where('doneAt')
        .below(this.#now() - DONE_KEPT_MS)
        .delete()
    })
    this.#takeIn(arrival, changes, gone)
    this.tell({ kind: 'arrived', arrival, from })
  }

  /** Takes what another tab has recorded or received. False where this tab has missed something and must reread. */
  follow(told: Told): boolean {
    if (told.kind === 'recorded') {
      for (const entry of told.entries) this.#show(entry)
      this.pendingCount.value = this.#pending.size
      this.wanted.value++
      return true
    }
    if (told.kind === 'reread' || told.from !== this.point.value.version) return false
    const { arrival } = told
    const gone = arrival.point.complete ? this.#pending.upTo(arrival.lastSeq) : []
    this.#takeIn(arrival, this.#mirror.apply(arrival.tables), gone)
    return true
  }

  /**
   * Begins again with the server: everything is loaded anew, what is pending stays. `newIdentity` also takes a new
   * client id and renumbers the outbox; `resend` puts what was acknowledged in the last week before it.
   */
  async startOver({ newIdentity, resend }: { newIdentity: boolean; resend: boolean }): Promise<void> {
    const { meta, chunks, log, outbox, done } = this.#database
    await this.#database.transaction('rw', [meta, chunks, log, outbox, done], async () => {
      await this.#store.clear()
      await this.#database.writeMeta('point', { ...START, clockOffsetMs: this.point.value.clockOffsetMs })
      if (!newIdentity) return
      const identity = (await this.#database.readMeta('identity'))!
      const waiting = await outbox.orderBy('seq').toArray()
      const again = resend ? (await done.orderBy('doneAt').toArray()).toSorted((a, b) => (a.at < b.at ? -1 : 1)) : []
      const entries = [...again, ...waiting].map(({ envelope, at, scanId }, index): OutboxEntry => {
        const seq = index + 1
        return { seq, at, envelope: { ...envelope, seq, at }, ...(scanId !== undefined && { scanId }) }
      })
      await outbox.clear()
      await outbox.bulkPut(entries)
      if (resend) await done.clear()
      await this.#database.writeMeta('identity', {
        ...identity,
        clientId: this.#newId(),
        nextSeq: entries.length + 1,
      })
    })
    await this.reread()
    this.tell({ kind: 'reread' })
  }

  /** Puts what was acknowledged after `lastSeq` back into the outbox: the server has lost it. */
  async sendAgainAfter(lastSeq: number): Promise<void> {
    const { outbox, done } = this.#database
    await this.#database.transaction('rw', [outbox, done], async () => {
      const lost = await done.filter(({ seq }) => seq > lastSeq).toArray()
      await outbox.bulkPut(lost.map(({ seq, envelope, at }) => ({ seq, envelope, at })))
      await done.bulkDelete(lost.map(({ id }) => id))
    })
    await this.reread()
  }

  /** All that waits here, for a file that a person can keep. */
  async exportPending(): Promise<{ outbox: OutboxEntry[]; scans: ScanRecord[] }> {
    return { outbox: await this.#database.outbox.toArray(), scans: await this.#database.scans.toArray() }
  }

  /** Deletes everything that this device keeps. */
  async forget(): Promise<void> {
    this.#database.close()
    await Dexie.delete(this.#database.name)
  }

  close(): void {
    this.#database.close()
  }

  /** Gives a mutation its place in the device's own order, and keeps it. */
  async #keep({
    id,
    name,
    args,
    scanId,
  }: {
    id: string
    name: string
    args: Record<string, unknown>
    scanId: string | undefined
  }): Promise<OutboxEntry> {
    const { meta, outbox, scans } = this.#database
    return this.#database.transaction('rw', [meta, outbox, scans], async () => {
      const identity = (await this.#database.readMeta('identity'))!
      const now = this.#now()
      const stamp = nextStamp(identity.lastStamp, now, stampDevice(identity.clientId))
      const envelope: Envelope = { seq: identity.nextSeq, id, name, args, at: stamp, seen: this.point.value.version }
      const entry: OutboxEntry = {
        seq: envelope.seq,
        envelope,
        at: this.#estimate(now, stamp),
        ...(scanId !== undefined && { scanId }),
      }
      await outbox.add(entry)
      await this.#database.writeMeta('identity', { ...identity, nextSeq: identity.nextSeq + 1, lastStamp: stamp })
      if (scanId !== undefined) await scans.update(scanId, { state: 'resolved', mutationId: id })
      return entry
    })
  }

  async #identify(): Promise<Identity> {
    return this.#database.transaction('rw', this.#database.meta, async () => {
      const known = await this.#database.readMeta('identity')
      if (known) return known
      const identity: Identity = { clientId: this.#newId(), nextSeq: 1, lastStamp: undefined }
      await this.#database.writeMeta('identity', identity)
      return identity
    })
  }

  #newId(): string {
    return uuidv7(this.#now(), this.#random())
  }

  /** Where the server will place what is made now. */
  #estimate(now: number, stamp = nextStamp(undefined, now, '00000000')): string {
    const serverNow = now + this.point.value.clockOffsetMs
    return effectiveStamp(stamp, { serverNow, deviceNow: now, last: this.#lastAt })
  }

  /** Shows a kept mutation: over the rows, and among the recent ones. */
  #show({ envelope, at }: OutboxEntry): void {
    const outcome = this.#pending.decide(envelope, at)
    const effects = outcome.status === 'refused' ? { changes: [], movements: [], notes: [] } : outcome.effects
    this.#announce(this.#pending.add(envelope, at, effects))
    if (this.#lastAt === undefined || at > this.#lastAt) this.#lastAt = at
    this.recent.value = [{ envelope, state: 'saved' as const }, ...this.recent.value].slice(0, RECENT_MAX)
  }

  #rememberDone({ envelope, posted }: DoneEntry): void {
    this.#pending.remember(envelope.id, { name: envelope.name, userId: this.#actor.userId, entries: posted })
  }

  #acknowledged(lastSeq: number): Promise<OutboxEntry[]> {
    return this.#database.outbox.where('seq').belowOrEqual(lastSeq).toArray()
  }

  #takeIn(arrival: Arrival, changes: RowChange[], gone: readonly { seq: number }[]): void {
    const freed = this.#pending.acknowledge(gone.map(({ seq }) => seq))
    const all = [...changes, ...freed]
    this.#pending.settle(all)
    this.point.value = arrival.point
    this.pendingCount.value = this.#pending.size
    if (gone.length > 0) {
      const seqs = new Set(gone.map(({ seq }) => seq))
      this.recent.value = this.recent.value.map((entry) =>
        entry.state === 'saved' && seqs.has(entry.envelope.seq) ? { ...entry, state: 'synced' } : entry,
      )
    }
    this.#announce(all)
  }

  #announce(changes: RowChange[]): void {
    const loading = !this.point.value.complete
    this.view.invalidate(new Set(changes.map(({ kind }) => kind)), { loading })
    this.#watched.announce(changes)
  }
}

const START: SyncPoint = {
  cursor: null,
  epoch: 0,
  version: 0,
  complete: false,
  asOf: 0,
  clockOffsetMs: 0,
  lastAt: null,
}

function randomBytes(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(10))
}
