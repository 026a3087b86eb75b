// The device: what it knows, what it wants, and the only door to change either. Keeps D1–D8, D12, D13, D19, T6.
import { type ReadonlySignal, type Signal, signal } from '@preact/signals'
import type { Outcome } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { MUTATION_MAX_BYTES } from '#shared/mutations/envelope.ts'
import type { MutationName, Mutations, RefusalOf } from '#shared/mutations/verbs.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import { uuidv7 } from '#shared/values/id.ts'
import { type Refusal, refuse } from '#shared/values/refusals.ts'
import { type SyncUpdate, StaleTabError, type TabMessage } from './sync-update.ts'
import { ClockCorrection } from './clock-correction.ts'
import { DeviceDatabase } from './storage/database.ts'
import { type DoneEntry, type Identity } from './records.ts'
import type { OutboxEntry, ScanRecord, SyncPoint } from './records.ts'
import { withDefaults, type DeviceOptions } from './device-options.ts'
import {
  resetSyncPoint,
  deleteDatabase,
  openDatabase,
  readSnapshot,
  rememberStored,
  wasEvicted,
  rebuildFromMemory,
} from './storage/device-storage.ts'
import { type ImportResult, type OutboxExport, rebaseImport } from './outbox/outbox-import.ts'
import { ConfirmedRowsStore } from './storage/confirmed-rows-store.ts'
import { isSkipped, type Enqueued, type NewMutation, Outbox } from './outbox/outbox.ts'
import { OfflineMode } from './outbox/offline-mode.ts'
import type { HistoryEntry } from './state/mutation-history.ts'
import type { StorageLoss, RecordResult } from './record-result.ts'
import { persistUpdate } from './storage/persist-update.ts'
import { ScanLog } from './outbox/scan-log.ts'
import { OptimisticState } from './state/optimistic-state.ts'
import type { Queries } from './state/queries.ts'

/** Who empties it again each time cannot be outrun. */
const DELETIONS_MAX = 5

export class Device {
  readonly scans: ScanLog
  /** What is too large for the way to the server; it waits for a person. */
  readonly skipped = signal<OutboxEntry[]>([])
  /** Rises when something waits to be sent. */
  readonly pushRequests = signal(0)
  readonly offlineMode: OfflineMode
  /** Tells the other tabs; set by whoever joins them. */
  notifyTabs: (message: TabMessage) => void = () => undefined

  /** The browser has deleted what was kept here: what memory held was put back, or nothing could be. */
  readonly loss = signal<StorageLoss | undefined>(undefined)

  readonly #database: DeviceDatabase
  readonly #now: () => number
  readonly #random: () => Uint8Array
  readonly #state: OptimisticState
  readonly #store: ConfirmedRowsStore
  readonly #outbox: Outbox
  readonly #clock: ClockCorrection
  /** Whose numbers memory knows what waits by. */
  #clientId = ''

  private constructor(database: DeviceDatabase, parts: DeviceOptions) {
    const { actor, now, monotonic, random } = withDefaults(parts)
    this.#database = database
    this.#now = now
    this.#random = random
    this.#state = new OptimisticState({ actor, now })
    const damaged = () => void this.#reloadDamagedRows().catch((error: unknown) => globalThis.reportError?.(error))
    this.#store = new ConfirmedRowsStore(database, { mirror: this.#state.confirmed, damaged })
    this.#outbox = new Outbox(database, { now, newId: () => this.#newId() })
    this.offlineMode = new OfflineMode(database)
    this.#clock = new ClockCorrection({ now, monotonic }, { database, outbox: this.#outbox })
    this.scans = new ScanLog(database, {
      newId: () => this.#newId(),
      now,
      tell: () => this.notifyTabs({ kind: 'scans' }),
    })
  }

  /** Opens what this device keeps, or begins anew. @throws {NewerDatabase} where a newer app has been here */
  static async open(parts: DeviceOptions): Promise<Device> {
    const database = new DeviceDatabase(parts.name)
    await openDatabase(database)
    const device = new Device(database, parts)
    if (await wasEvicted(database)) device.loss.value = 'gone'
    await device.#outbox.loadOrCreateIdentity()
    await device.reread()
    rememberStored(parts.name)
    await device.scans.open()
    return device
  }

  /** Reads everything from the disk again: at the start, and when another tab went ahead. Then all at once in memory. */
  async reread(): Promise<void> {
    const all = await readSnapshot(this.#database, { held: () => this.#state.pending.envelopes() })
    if (!all) return this.#restore()
    const { epoch } = this.syncPoint.value
    const { missing } = all
    this.#store.fill(all.kept)
    this.#clock.unresolvedJump = all.doubt
    this.offlineMode.loadFromDisk(all.paused)
    this.#clientId = all.clientId
    this.#state.fill(all)
    this.#outbox.answeredUpTo = 0
    this.skipped.value = all.outbox.filter(isSkipped)
    if (missing.length > 0) await this.#restoreMissing(missing, epoch)
  }

  /**
   * Storage that was deleted has been made anew of another tab's memory, which had not heard of these yet. What the disk
   * knows after all stays as it is; what the server does, it tells by its id.
   */
  async #restoreMissing(pending: readonly Envelope[], epoch: number): Promise<void> {
    const { clockOffsetMs, epoch: here } = this.syncPoint.value
    const luggage = { pending, scans: this.scans.unresolved.value, settledScans: [], clockOffsetMs, epoch }
    const unknown = rebaseImport(luggage, { clockOffsetMs, epoch: here, nowMs: this.#now() })
    await this.#certainly(() => this.#outbox.importEntries(unknown))
    await this.#rereadAll()
    this.pushRequests.value++
  }

  get queries(): Queries {
    return this.#state.queries
  }

  get syncPoint(): Signal<SyncPoint> {
    return this.#state.point
  }

  get pendingCount(): ReadonlySignal<number> {
    return this.#state.pendingCount
  }

  /** This device's own last mutations, newest first. */
  get history(): ReadonlySignal<readonly HistoryEntry[]> {
    return this.#state.history.entries
  }

  /** What a mutation would do, without recording it: for screens that ask before they record. */
  check<N extends MutationName>(name: N, args: Mutations[N]): Refusal<RefusalOf<N>> | undefined {
    const outcome = this.#state.dryRunStrict({ id: '', name, args })
    return outcome.status === 'refused' ? refusalOf<N>(outcome) : undefined
  }

  /**
   * Records a mutation: decided on what is displayed, kept in one strict transaction, and only then shown. Refused where
   * it could never take effect; nothing is kept then. Rejects where the device cannot keep it.
   */
  async record<N extends MutationName>(
    name: N,
    args: Mutations[N],
    { scanId }: { scanId?: string } = {},
  ): Promise<RecordResult<N>> {
    const id = scanId ?? this.#newId() // a scan that was copied elsewhere and recorded there too is one mutation
    if (new TextEncoder().encode(JSON.stringify(args)).length > MUTATION_MAX_BYTES - 1024) {
      return { saved: false, refusal: refuse('mutation_too_large') }
    }
    const trial = this.#state.dryRun({ id, name, args })
    if (trial.status === 'refused') return { saved: false, refusal: refusalOf<N>(trial) }
    const { entry, clientId } = await this.#enqueue({ id, name, args, scanId })
    const isAnew = clientId !== this.#clientId // another tab has made the storage anew: what memory numbered is no more
    if (isAnew) this.#state.addUnnumbered(entry)
    else this.#state.add(entry)
    if (scanId !== undefined) this.scans.markResolved(scanId)
    if (isAnew) await this.#rereadAll().then(() => this.#reloadScans())
    else this.notifyTabs({ kind: 'recorded', entries: [entry], clientId })
    this.pushRequests.value++
    return { saved: true, id, ...(trial.status === 'merged' && { note: trial.note.code }) }
  }

  /** Undoes one of this device's own movements: as a movement of its own if it was sent, or may have been. */
  undo(mutationId: string): Promise<RecordResult<'stock.undo'>> {
    return this.record('stock.undo', { mutationId })
  }

  /** The oldest pending mutations after a seq, in order. */
  pendingAfter(seq: number, limit: number): Promise<OutboxEntry[]> {
    return this.#outbox.after(seq, limit)
  }

  /** The oldest that wait, in order, whether they can be sent already or not. */
  oldestPending(limit: number): Promise<OutboxEntry[]> {
    return this.#outbox.oldest(limit)
  }

  /** True where a mutation up to that seq waits. */
  hasPendingUpTo(seq: number): boolean {
    return this.#state.pending.hasUpTo(seq)
  }

  get name(): string {
    return this.#database.name
  }

  get rowCount(): number {
    return this.#state.confirmed.size
  }

  /** The server said that this device holds all there is. */
  confirm(asOf: number): void {
    this.syncPoint.value = { ...this.syncPoint.value, asOf }
  }

  async identity(): Promise<Identity> {
    const known = await this.#outbox.identity()
    if (known) return known
    await this.#restore()
    return this.identity()
  }

  /** Takes what the server answered: rows, cursor and cleared outbox in one transaction, then all at once in memory. */
  async applyUpdate(update: SyncUpdate): Promise<void> {
    const { cursor, version: from, complete: wasComplete } = this.syncPoint.value
    if (this.#store.isStale) {
      await this.reread()
      if (this.syncPoint.value.cursor !== cursor) throw new StaleTabError()
    }
    const { tables, point, whole } = update
    const known = new Set(this.#state.pending.upTo(update.lastSeq).map(({ seq }) => seq))
    const planned = this.#state.confirmed.plan(tables)
    const keeping = whole ? this.#store.prepareWhole(whole) : this.#store.prepare(tables, planned)
    const storage = { database: this.#database, outbox: this.#outbox }
    const acknowledged = await persistUpdate(storage, { update, cursor, known, prepared: keeping }, (entry) =>
      this.#doneOf(entry),
    )
    if (!acknowledged) {
      await this.reread()
      throw new StaleTabError()
    }
    const changes = whole ? [] : this.#state.confirmed.applyPlanned(planned)
    keeping.done()
    this.#state.applyUpdate(update, changes, acknowledged)
    // Pages of a first sync are many and large: the other tabs read the disk once, when all of them are there.
    if (point.complete)
      this.notifyTabs(whole || !wasComplete ? { kind: 'reread' } : { kind: 'arrived', arrival: update, from })
  }

  /** Takes what another tab has recorded or received; where this one has missed something, or knows it already, off the disk. */
  async handleTabMessage(message: TabMessage): Promise<void> {
    if (message.kind === 'scans') return (await this.#outbox.identity()) ? this.#loadScans() : this.#restore()
    if (!this.#applyTabMessage(message)) await this.reread()
    if (message.kind !== 'arrived' && this.pendingCount.value > 0) this.pushRequests.value++
  }

  /** False where what is told does not follow what memory holds. */
  #applyTabMessage(told: Exclude<TabMessage, { kind: 'scans' }>): boolean {
    if (told.kind === 'recorded') {
      for (const { scanId } of told.entries) if (scanId !== undefined) this.scans.markResolved(scanId)
      return told.clientId === this.#clientId && told.entries.every((entry) => this.#state.addIfNext(entry))
    }
    if (told.kind === 'reread' || told.from !== this.syncPoint.value.version) return false
    const { arrival: update } = told
    if (update.clientId !== this.#clientId) return false
    const gone = update.point.complete ? this.#state.pending.upTo(update.lastSeq) : []
    this.#store.markStale()
    this.#state.applyUpdate(update, this.#state.confirmed.apply(update.tables), gone)
    return true
  }

  /**
   * Begins again with the server: everything is loaded anew, what is pending stays, and so do the old rows until the new
   * ones are all there. `newIdentity` also takes a new client id and renumbers the outbox; `resend` puts what was
   * acknowledged in the last week before it.
   */
  async startOver({ newIdentity, resend }: { newIdentity: boolean; resend: boolean }): Promise<void> {
    await resetSyncPoint(this.#database, async (clockOffsetMs) => {
      if (newIdentity) await this.#outbox.renumber({ resend, clockOffsetMs })
      return { newEpoch: resend }
    })
    await this.#rereadAll()
  }

  /** Rows that are kept here cannot be read: all are loaded anew. The next start finds out again, should this fail. */
  async #reloadDamagedRows(): Promise<void> {
    if (this.syncPoint.value.cursor === null) return
    await this.startOver({ newIdentity: false, resend: false })
    this.pushRequests.value++
  }

  /** Keeps what the server answered to a push. What it took leaves the outbox with its rows, not before. */
  storeResults(clientId: string, results: readonly PushResult[]): Promise<void> {
    return this.#outbox.storeResults(clientId, results)
  }

  /** A mutation that nothing on the way lets through must not hold up those behind it. */
  async skip(mutation: Pick<Envelope, 'seq' | 'id'>): Promise<void> {
    await this.#outbox.skip(mutation)
    await this.#rereadAll()
  }

  /** A person wants what was set aside to be tried again. */
  async retrySkipped(): Promise<void> {
    await this.#outbox.retrySkipped()
    await this.#rereadAll()
    this.pushRequests.value++
  }

  /** Takes in what waited on another device, or on this one before its data was lost: whole or not at all. Keeps D19. */
  async importOutbox(file: OutboxExport): Promise<ImportResult> {
    const brought = await this.#certainly(() => {
      const { clockOffsetMs, epoch } = this.syncPoint.value
      return this.#outbox.importEntries(rebaseImport(file, { clockOffsetMs, epoch, nowMs: this.#now() }))
    })
    await this.#rereadAll()
    await this.#reloadScans()
    this.pushRequests.value++
    return brought
  }

  /**
   * Puts what was acknowledged after `lastSeq` back into the outbox: the server has lost it. What is older than a week is
   * kept no more; then this device numbers what it has anew, as another one.
   */
  async requeueAfter(lastSeq: number): Promise<void> {
    const isWhole = await this.#outbox.requeueAfter(lastSeq)
    if (!isWhole) return this.startOver({ newIdentity: true, resend: false })
    await this.#rereadAll()
  }

  /**
   * Notices that the wall clock was set, and moves what waits along. For the tab that leads: one must do it, not each.
   * True where only the server's clock can tell by how much: see `settleClock`.
   */
  async correctClockJump(): Promise<boolean> {
    if (await this.#clock.correctJump()) await this.#rereadAll()
    return this.#clock.unresolvedJump !== undefined
  }

  /** The server's clock, asked after the jump: what is left of it is moved along. */
  async resolveClockJump(clockOffsetMs: number): Promise<void> {
    if (await this.#clock.resolveJump(this.syncPoint.value, clockOffsetMs)) await this.#rereadAll()
  }

  /** All that waits here, for a file that a person can keep. */
  async exportPending(): Promise<{ outbox: OutboxEntry[]; scans: ScanRecord[] }> {
    return { outbox: await this.#database.outbox.toArray(), scans: await this.#database.scans.toArray() }
  }

  /** Deletes everything that this device keeps. */
  async deleteEverything(): Promise<void> {
    this.#database.close()
    await deleteDatabase(this.#database.name)
  }

  close(): void {
    this.#database.close()
  }

  #enqueue(making: Pick<NewMutation, 'id' | 'name' | 'args' | 'scanId'>): Promise<Enqueued> {
    return this.#certainly(() => {
      const seen = this.syncPoint.value.version
      return this.#outbox.enqueue({ ...making, seen, estimate: (stamp) => this.#state.estimateStamp(stamp) })
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
    await rebuildFromMemory(this.#database, {
      rows: this.#store.prepareWhole(this.#state.confirmed),
      point: this.syncPoint.value,
      paused: this.offlineMode.isOn,
      clientId: this.#newId(),
      envelopes: this.#state.pending.envelopes(),
      scans: this.scans.unresolved.value,
    })
    await this.#rereadAll()
    await this.#reloadScans()
    this.loss.value = 'restored'
  }

  async #rereadAll(): Promise<void> {
    await this.reread()
    this.notifyTabs({ kind: 'reread' })
  }

  async #reloadScans(): Promise<void> {
    await this.#loadScans()
    this.notifyTabs({ kind: 'scans' })
  }

  /** What only this tab knows still asks after storage was made anew without it: it is kept there too. */
  async #loadScans(): Promise<void> {
    const scans = await this.scans.load()
    if (scans.length === 0) return
    await this.#certainly(() => this.#outbox.importEntries({ mutations: [], scans, settledScans: [] }))
    await this.#reloadScans()
  }

  #newId(): string {
    return uuidv7(this.#now(), this.#random())
  }

  #doneOf(entry: OutboxEntry): DoneEntry {
    return { ...entry, id: entry.envelope.id, doneAt: this.#now(), posted: this.#state.pending.postedOf(entry.seq) }
  }
}

/** The verb was checked before: only its own codes can come out of it. */
function refusalOf<N extends MutationName>({ refusal }: Outcome & { status: 'refused' }): Refusal<RefusalOf<N>> {
  return refusal as Refusal<RefusalOf<N>>
}
