// The device: what it knows, what it wants, and the only door to change either. Keeps D1–D8, D12, D13, D19, T6.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { MUTATION_MAX_BYTES } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import { uuidv7 } from '#shared/values/id.ts'
import { type Refusal, refuse } from '#shared/values/refusals.ts'
import { type Arrival, GoneAhead, type Told } from './arrival.ts'
import { ClockKeeper } from './clock-keeper.ts'
import { DeviceDatabase, type DoneEntry, type Identity } from './database.ts'
import type { OutboxEntry, ScanRecord, SyncPoint } from './database.ts'
import { complete, type DeviceParts } from './device-parts.ts'
import { beginAgain, deleteKept, openKnown, readAll, rememberKept, wasLost, writeAnew } from './kept.ts'
import { type Brought, type Luggage, unpacked } from './luggage.ts'
import { MirrorStore } from './mirror-store.ts'
import { isAside, type Kept, type Making, Outbox } from './outbox.ts'
import { Paused } from './paused.ts'
import { persistUpdate } from './persist-update.ts'
import type { RecentEntry } from './recent.ts'
import type { Loss, Recorded } from './recorded.ts'
import { ScanLog } from './scan-log.ts'
import { Shown } from './shown.ts'
import type { View } from './view.ts'

/** Who empties it again each time cannot be outrun. */
const DELETIONS_MAX = 5

export class Device {
  readonly scans: ScanLog
  /** What is too large for the way to the server; it waits for a person. */
  readonly aside = signal<OutboxEntry[]>([])
  /** Rises when something waits to be sent. */
  readonly wanted = signal(0)
  readonly paused: Paused
  /** Tells the other tabs; set by whoever joins them. */
  tell: (told: Told) => void = () => undefined

  /** The browser has deleted what was kept here: what memory held was put back, or nothing could be. */
  readonly loss = signal<Loss | undefined>(undefined)

  readonly #database: DeviceDatabase
  readonly #now: () => number
  readonly #random: () => Uint8Array
  readonly #shown: Shown
  readonly #store: MirrorStore
  readonly #outbox: Outbox
  readonly #clock: ClockKeeper
  /** Whose numbers memory knows what waits by. */
  #clientId = ''

  private constructor(database: DeviceDatabase, parts: DeviceParts) {
    const { actor, now, monotonic, random } = complete(parts)
    this.#database = database
    this.#now = now
    this.#random = random
    this.#shown = new Shown({ actor, now })
    const damaged = () => void this.#fetchAnew().catch((error: unknown) => globalThis.reportError?.(error))
    this.#store = new MirrorStore(database, { mirror: this.#shown.mirror, damaged })
    this.#outbox = new Outbox(database, { now, newId: () => this.#newId() })
    this.paused = new Paused(database)
    this.#clock = new ClockKeeper({ now, monotonic }, { database, outbox: this.#outbox })
    this.scans = new ScanLog(database, { newId: () => this.#newId(), now, tell: () => this.tell({ kind: 'scans' }) })
  }

  /** Opens what this device keeps, or begins anew. @throws {NewerDatabase} where a newer app has been here */
  static async open(parts: DeviceParts): Promise<Device> {
    const database = new DeviceDatabase(parts.name)
    await openKnown(database)
    const device = new Device(database, parts)
    if (await wasLost(database)) device.loss.value = 'gone'
    await device.#outbox.identify()
    await device.reread()
    rememberKept(parts.name)
    await device.scans.open()
    return device
  }

  /** Reads everything from the disk again: at the start, and when another tab went ahead. Then all at once in memory. */
  async reread(): Promise<void> {
    const all = await readAll(this.#database, { held: () => this.#shown.pending.envelopes() })
    if (!all) return this.#restore()
    const { epoch } = this.point.value
    const { missing } = all
    this.#store.fill(all.kept)
    this.#clock.doubt = all.doubt
    this.paused.found(all.paused)
    this.#clientId = all.clientId
    this.#shown.fill(all)
    this.#outbox.answeredTo = 0
    this.aside.value = all.outbox.filter(isAside)
    if (missing.length > 0) await this.#putBack(missing, epoch)
  }

  /**
   * Storage that was deleted has been made anew of another tab's memory, which had not heard of these yet. What the disk
   * knows after all stays as it is; what the server does, it tells by its id.
   */
  async #putBack(pending: readonly Envelope[], epoch: number): Promise<void> {
    const { clockOffsetMs, epoch: here } = this.point.value
    const luggage = { pending, scans: this.scans.unresolved.value, settledScans: [], clockOffsetMs, epoch }
    const unknown = unpacked(luggage, { clockOffsetMs, epoch: here, nowMs: this.#now() })
    await this.#certainly(() => this.#outbox.bring(unknown))
    await this.#rereadAll()
    this.wanted.value++
  }

  get view(): View {
    return this.#shown.view
  }

  get point(): Signal<SyncPoint> {
    return this.#shown.point
  }

  get pendingCount(): ReadonlySignal<number> {
    return this.#shown.pendingCount
  }

  /** This device's own last mutations, newest first. */
  get recent(): ReadonlySignal<readonly RecentEntry[]> {
    return this.#shown.recent.entries
  }

  /** What a mutation would do, without recording it: for screens that ask before they record. */
  check(name: string, args: Record<string, unknown>): Refusal | undefined {
    const outcome = this.#shown.wouldDoStrictly({ id: '', name, args })
    return outcome.status === 'refused' ? outcome.refusal : undefined
  }

  /**
   * Records a mutation: decided on what is displayed, kept in one strict transaction, and only then shown. Refused where
   * it could never take effect; nothing is kept then. Rejects where the device cannot keep it.
   */
  async record(name: string, args: Record<string, unknown>, { scanId }: { scanId?: string } = {}): Promise<Recorded> {
    const id = scanId ?? this.#newId() // a scan that was copied elsewhere and recorded there too is one mutation
    if (new TextEncoder().encode(JSON.stringify(args)).length > MUTATION_MAX_BYTES - 1024) {
      return { saved: false, refusal: refuse('mutation_too_large') }
    }
    const trial = this.#shown.wouldDo({ id, name, args })
    if (trial.status === 'refused') return { saved: false, refusal: trial.refusal }
    const { entry, clientId } = await this.#keep({ id, name, args, scanId })
    const isAnew = clientId !== this.#clientId // another tab has made the storage anew: what memory numbered is no more
    if (isAnew) this.#shown.showUnplaced(entry)
    else this.#shown.show(entry)
    if (scanId !== undefined) this.scans.resolved(scanId)
    if (isAnew) await this.#rereadAll().then(() => this.#reloadScans())
    else this.tell({ kind: 'recorded', entries: [entry], clientId })
    this.wanted.value++
    return { saved: true, id, ...(trial.status === 'merged' && { note: trial.note.code }) }
  }

  /** Undoes one of this device's own movements: as a movement of its own if it was sent, or may have been. */
  undo(mutationId: string): Promise<Recorded> {
    return this.record('stock.undo', { mutationId })
  }

  /** The oldest pending mutations after a seq, in order. */
  after(seq: number, limit: number): Promise<OutboxEntry[]> {
    return this.#outbox.after(seq, limit)
  }

  /** The oldest that wait, in order, whether they can be sent already or not. */
  oldest(limit: number): Promise<OutboxEntry[]> {
    return this.#outbox.oldest(limit)
  }

  /** True where a mutation up to that seq waits. */
  hasWaiting(seq: number): boolean {
    return this.#shown.pending.hasUpTo(seq)
  }

  get name(): string {
    return this.#database.name
  }

  get size(): number {
    return this.#shown.mirror.size
  }

  /** The server said that this device holds all there is. */
  confirm(asOf: number): void {
    this.point.value = { ...this.point.value, asOf }
  }

  async identity(): Promise<Identity> {
    const known = await this.#outbox.identity()
    if (known) return known
    await this.#restore()
    return this.identity()
  }

  /** Takes what the server answered: rows, cursor and cleared outbox in one transaction, then all at once in memory. */
  async arrive(arrival: Arrival): Promise<void> {
    const { cursor, version: from, complete: wasComplete } = this.point.value
    if (this.#store.isStale) {
      await this.reread()
      if (this.point.value.cursor !== cursor) throw new GoneAhead()
    }
    const { tables, point, whole } = arrival
    const known = new Set(this.#shown.pending.upTo(arrival.lastSeq).map(({ seq }) => seq))
    const planned = this.#shown.mirror.plan(tables)
    const keeping = whole ? this.#store.prepareWhole(whole) : this.#store.prepare(tables, planned)
    const storage = { database: this.#database, outbox: this.#outbox }
    const update = { arrival, cursor, known, keeping }
    const acknowledged = await persistUpdate(storage, update, (entry) => this.#doneOf(entry))
    if (!acknowledged) {
      await this.reread()
      throw new GoneAhead()
    }
    const changes = whole ? [] : this.#shown.mirror.take(planned)
    keeping.done()
    this.#shown.takeIn(arrival, changes, acknowledged)
    // Pages of a first sync are many and large: the other tabs read the disk once, when all of them are there.
    if (point.complete) this.tell(whole || !wasComplete ? { kind: 'reread' } : { kind: 'arrived', arrival, from })
  }

  /** Takes what another tab has recorded or received; where this one has missed something, or knows it already, off the disk. */
  async follow(told: Told): Promise<void> {
    if (told.kind === 'scans') return (await this.#outbox.identity()) ? this.#loadScans() : this.#restore()
    if (!this.#take(told)) await this.reread()
    if (told.kind !== 'arrived' && this.pendingCount.value > 0) this.wanted.value++
  }

  /** False where what is told does not follow what memory holds. */
  #take(told: Exclude<Told, { kind: 'scans' }>): boolean {
    if (told.kind === 'recorded') {
      for (const { scanId } of told.entries) if (scanId !== undefined) this.scans.resolved(scanId)
      return told.clientId === this.#clientId && told.entries.every((entry) => this.#shown.showNext(entry))
    }
    if (told.kind === 'reread' || told.from !== this.point.value.version) return false
    const { arrival } = told
    if (arrival.clientId !== this.#clientId) return false
    const gone = arrival.point.complete ? this.#shown.pending.upTo(arrival.lastSeq) : []
    this.#store.followed()
    this.#shown.takeIn(arrival, this.#shown.mirror.apply(arrival.tables), gone)
    return true
  }

  /**
   * Begins again with the server: everything is loaded anew, what is pending stays, and so do the old rows until the new
   * ones are all there. `newIdentity` also takes a new client id and renumbers the outbox; `resend` puts what was
   * acknowledged in the last week before it.
   */
  async startOver({ newIdentity, resend }: { newIdentity: boolean; resend: boolean }): Promise<void> {
    await beginAgain(this.#database, async (clockOffsetMs) => {
      if (newIdentity) await this.#outbox.renew({ resend, clockOffsetMs })
      return { newEpoch: resend }
    })
    await this.#rereadAll()
  }

  /** Rows that are kept here cannot be read: all are loaded anew. The next start finds out again, should this fail. */
  async #fetchAnew(): Promise<void> {
    if (this.point.value.cursor === null) return
    await this.startOver({ newIdentity: false, resend: false })
    this.wanted.value++
  }

  /** Keeps what the server answered to a push. What it took leaves the outbox with its rows, not before. */
  answered(clientId: string, results: readonly PushResult[]): Promise<void> {
    return this.#outbox.answered(clientId, results)
  }

  /** A mutation that nothing on the way lets through must not hold up those behind it. */
  async setAside(mutation: Pick<Envelope, 'seq' | 'id'>): Promise<void> {
    await this.#outbox.setAside(mutation)
    await this.#rereadAll()
  }

  /** A person wants what was set aside to be tried again. */
  async bringBack(): Promise<void> {
    await this.#outbox.bringBack()
    await this.#rereadAll()
    this.wanted.value++
  }

  /** Takes in what waited on another device, or on this one before its data was lost: whole or not at all. Keeps D19. */
  async bring(luggage: Luggage): Promise<Brought> {
    const brought = await this.#certainly(() => {
      const { clockOffsetMs, epoch } = this.point.value
      return this.#outbox.bring(unpacked(luggage, { clockOffsetMs, epoch, nowMs: this.#now() }))
    })
    await this.#rereadAll()
    await this.#reloadScans()
    this.wanted.value++
    return brought
  }

  /**
   * Puts what was acknowledged after `lastSeq` back into the outbox: the server has lost it. What is older than a week is
   * kept no more; then this device numbers what it has anew, as another one.
   */
  async sendAgainAfter(lastSeq: number): Promise<void> {
    const isWhole = await this.#outbox.sendAgainAfter(lastSeq)
    if (!isWhole) return this.startOver({ newIdentity: true, resend: false })
    await this.#rereadAll()
  }

  /**
   * Notices that the wall clock was set, and moves what waits along. For the tab that leads: one must do it, not each.
   * True where only the server's clock can tell by how much: see `settleClock`.
   */
  async mindClock(): Promise<boolean> {
    if (await this.#clock.mind()) await this.#rereadAll()
    return this.#clock.doubt !== undefined
  }

  /** The server's clock, asked after the jump: what is left of it is moved along. */
  async settleClock(clockOffsetMs: number): Promise<void> {
    if (await this.#clock.settle(this.point.value, clockOffsetMs)) await this.#rereadAll()
  }

  /** All that waits here, for a file that a person can keep. */
  async exportPending(): Promise<{ outbox: OutboxEntry[]; scans: ScanRecord[] }> {
    return { outbox: await this.#database.outbox.toArray(), scans: await this.#database.scans.toArray() }
  }

  /** Deletes everything that this device keeps. */
  async forget(): Promise<void> {
    this.#database.close()
    await deleteKept(this.#database.name)
  }

  close(): void {
    this.#database.close()
  }

  #keep(making: Pick<Making, 'id' | 'name' | 'args' | 'scanId'>): Promise<Kept> {
    return this.#certainly(() => {
      const seen = this.point.value.version
      return this.#outbox.keep({ ...making, seen, estimate: (stamp) => this.#shown.place(stamp) })
    })
  }

  /** Keeps something; where the storage was deleted under the open app, in what is made anew of memory. */
  async #certainly<T>(keep: () => Promise<T | undefined>): Promise<T> {
    for (let deletions = 0; deletions <= DELETIONS_MAX; deletions++) {
      const kept = await keep()
      if (kept !== undefined) return kept
      await this.#restore()
    }
    throw new Error('what is made anew is gone again each time')
  }

  /** The storage was deleted under the open app: what memory holds is kept anew, as a new device, ids unchanged. */
  async #restore(): Promise<void> {
    await writeAnew(this.#database, {
      rows: this.#store.prepareWhole(this.#shown.mirror),
      point: this.point.value,
      paused: this.paused.isOn,
      clientId: this.#newId(),
      envelopes: this.#shown.pending.envelopes(),
      scans: this.scans.unresolved.value,
    })
    await this.#rereadAll()
    await this.#reloadScans()
    this.loss.value = 'restored'
  }

  async #rereadAll(): Promise<void> {
    await this.reread()
    this.tell({ kind: 'reread' })
  }

  async #reloadScans(): Promise<void> {
    await this.#loadScans()
    this.tell({ kind: 'scans' })
  }

  /** What only this tab knows still asks after storage was made anew without it: it is kept there too. */
  async #loadScans(): Promise<void> {
    const scans = await this.scans.load()
    if (scans.length === 0) return
    await this.#certainly(() => this.#outbox.bring({ made: [], scans, settledScans: [] }))
    await this.#reloadScans()
  }

  #newId(): string {
    return uuidv7(this.#now(), this.#random())
  }

  #doneOf(entry: OutboxEntry): DoneEntry {
    return { ...entry, id: entry.envelope.id, doneAt: this.#now(), posted: this.#shown.pending.postedOf(entry.seq) }
  }
}
