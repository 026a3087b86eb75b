// The device of one person in one browser: its confirmed rows, its pending mutations and scans, and the operations that
// change them. Keeps D1–D8, D12, D13, D19, T6.
import { type ReadonlySignal, type Signal } from '@preact/signals'
import type { Outcome } from '#shared/mutations/apply.ts'
import { MUTATION_MAX_BYTES } from '#shared/mutations/envelope.ts'
import type { MutationName, Mutations, RefusalOf } from '#shared/mutations/verbs.ts'
import { uuidv7 } from '#shared/values/id.ts'
import { type Refusal, refuse } from '#shared/values/refuse.ts'
import { ClockCorrection } from './clock-correction.ts'
import { type DeviceOptions, withDefaults } from './device-options.ts'
import { OfflineMode } from './outbox/offline-mode.ts'
import { type Enqueued, isSkipped, type NewMutation, Outbox } from './outbox/outbox.ts'
import { type ImportResult, type OutboxExport, rebaseImport } from './outbox/outbox-import.ts'
import { PushQueue } from './outbox/push-queue.ts'
import { ScanLog } from './outbox/scan-log.ts'
import type { RecordResult } from './record-result.ts'
import type { DoneEntry, OutboxEntry, ScanRecord, SyncPoint } from './records.ts'
import type { HistoryEntry } from './state/mutation-history.ts'
import { OptimisticState } from './state/optimistic-state.ts'
import type { Queries } from './state/queries.ts'
import { ConfirmedRowsStore } from './storage/confirmed-rows-store.ts'
import { DeviceDatabase } from './storage/database.ts'
import {
  deleteDatabase,
  openDatabase,
  readSnapshot,
  rememberStored,
  resetSyncPoint,
  wasEvicted,
} from './storage/device-storage.ts'
import { persistUpdate } from './storage/persist-update.ts'
import { StorageRecovery } from './storage/storage-recovery.ts'
import { StaleTabError, type SyncUpdate, type TabMessage } from './sync-update.ts'

/** Room for the envelope around the arguments of a mutation. */
const ENVELOPE_MAX_BYTES = 1024

export class Device {
  readonly name: string
  /** What screens show: confirmed rows with the pending mutations applied. */
  readonly queries: Queries
  /** How far this device is in sync. */
  readonly syncPoint: Signal<SyncPoint>
  readonly pendingCount: ReadonlySignal<number>
  /** This device's own last mutations, newest first. */
  readonly history: ReadonlySignal<readonly HistoryEntry[]>
  readonly scans: ScanLog
  readonly offlineMode: OfflineMode
  readonly clock: ClockCorrection
  readonly queue: PushQueue
  readonly recovery: StorageRecovery
  /** Sends a message to the other tabs. The tab coordinator sets it. */
  notifyTabs: (message: TabMessage) => void = () => undefined

  readonly #database: DeviceDatabase
  readonly #now: () => number
  readonly #random: () => Uint8Array
  readonly #state: OptimisticState
  readonly #store: ConfirmedRowsStore
  readonly #outbox: Outbox
  /** The client id that the in-memory sequence numbers belong to. */
  #clientId = ''

  private constructor(database: DeviceDatabase, options: DeviceOptions) {
    const { actor, now, monotonic, random } = withDefaults(options)
    const newId = () => this.newId()
    const reload = () => this.#rereadAll()
    const scansChanged = () => this.notifyTabs({ kind: 'scans' })
    const onDamage = () => void this.#reloadDamagedRows().catch((error: unknown) => globalThis.reportError?.(error))
    const state = new OptimisticState({ actor, now })
    const store = new ConfirmedRowsStore(database, { confirmed: state.confirmed, onDamage })
    const outbox = new Outbox(database, { now, newId })
    const scans = new ScanLog(database, { newId, now, notifyTabs: scansChanged })
    const offlineMode = new OfflineMode(database)
    const storage = { database, state, store, outbox, scans, offlineMode }
    const recovery = new StorageRecovery({ ...storage, now, newId, reload, scansChanged })
    const renewIdentity = () => this.startOver({ newIdentity: true, resend: false })
    this.name = database.name
    this.queries = state.queries
    this.syncPoint = state.point
    this.pendingCount = state.pendingCount
    this.history = state.history.entries
    this.scans = scans
    this.offlineMode = offlineMode
    this.recovery = recovery
    this.queue = new PushQueue({ outbox, pending: state.pending, recovery, reload, renewIdentity })
    this.clock = new ClockCorrection({ now, monotonic }, { database, outbox, point: state.point, reload })
    this.#database = database
    this.#now = now
    this.#random = random
    this.#state = state
    this.#store = store
    this.#outbox = outbox
  }

  /**
   * Opens the stored device, or creates it.
   * @throws {NewerDatabaseError} if a newer version of the app has stored it
   */
  static async open(options: DeviceOptions): Promise<Device> {
    const database = new DeviceDatabase(options.name)
    await openDatabase(database)
    const device = new Device(database, options)
    if (await wasEvicted(database)) device.recovery.loss.value = 'gone'
    await device.#outbox.loadOrCreateIdentity()
    await device.reread()
    rememberStored(options.name)
    await device.scans.open()
    return device
  }

  /** Reads everything from the disk into memory: at the start, and when this tab has missed what another tab wrote. */
  async reread(): Promise<void> {
    const snapshot = await readSnapshot(this.#database, () => this.#state.pending.envelopes())
    if (!snapshot) return this.recovery.restore()
    const { epoch } = this.syncPoint.value
    this.#store.fill(snapshot.rows)
    this.clock.unresolvedJump = snapshot.unresolvedJump
    this.offlineMode.loadFromDisk(snapshot.paused)
    this.#clientId = snapshot.clientId
    this.#state.fill(snapshot)
    this.#outbox.answeredUpTo = 0
    this.queue.skipped.value = snapshot.outbox.filter(isSkipped)
    if (snapshot.missing.length === 0) return
    await this.recovery.addMissing(snapshot.missing, epoch)
    this.queue.request()
  }

  /** The number of confirmed rows in memory. */
  get rowCount(): number {
    return this.#state.confirmed.size
  }

  /** Why a strict mutation would be refused now, for screens that ask before they record. */
  check<N extends MutationName>(name: N, args: Mutations[N]): Refusal<RefusalOf<N>> | undefined {
    const outcome = this.#state.dryRunStrict({ id: '', name, args })
    return outcome.status === 'refused' ? refusalOf<N>(outcome) : undefined
  }

  /**
   * Records a mutation: decides it on the displayed state, stores it in one strict transaction, and only then shows it.
   * Stores nothing if it is refused. Rejects if it cannot be stored. A scan and its mutation have the same id, so that
   * a scan that is recorded on two devices counts once.
   */
  async record<N extends MutationName>(
    name: N,
    args: Mutations[N],
    { scanId }: { scanId?: string } = {},
  ): Promise<RecordResult<N>> {
    const id = scanId ?? this.newId()
    if (new TextEncoder().encode(JSON.stringify(args)).length > MUTATION_MAX_BYTES - ENVELOPE_MAX_BYTES) {
      return { saved: false, refusal: refuse('mutation_too_large') }
    }
    const trial = this.#state.dryRun({ id, name, args })
    if (trial.status === 'refused') return { saved: false, refusal: refusalOf<N>(trial) }
    const { entry, clientId } = await this.#enqueue({ id, name, args, scanId })
    // Another tab has restored the storage: the sequence numbers in memory are out of date.
    const isRenumbered = clientId !== this.#clientId
    if (isRenumbered) this.#state.addUnnumbered(entry)
    else this.#state.add(entry)
    if (scanId !== undefined) this.scans.markResolved(scanId)
    if (isRenumbered) await this.#rereadAll().then(() => this.recovery.reloadScans())
    else this.notifyTabs({ kind: 'recorded', entries: [entry], clientId })
    this.queue.request()
    return { saved: true, id, ...(trial.status === 'merged' && { note: trial.note.code }) }
  }

  /** Undoes one of this device's own mutations, by a mutation of its own. */
  undo(mutationId: string): Promise<RecordResult<'stock.undo'>> {
    return this.record('stock.undo', { mutationId })
  }

  /** The server has confirmed that this device has everything. `asOf`: the server's time, Unix ms. */
  confirm(asOf: number): void {
    this.syncPoint.value = { ...this.syncPoint.value, asOf }
  }

  /**
   * Applies what the server sent: rows, cursor and the shortened outbox in one transaction, then in memory at once.
   * @throws {StaleTabError} if another tab has written in the meantime; this tab has read the disk again then
   */
  async applyUpdate(update: SyncUpdate): Promise<void> {
    const { cursor, version: from, complete: wasComplete } = this.syncPoint.value
    if (this.#store.isStale) {
      await this.reread()
      if (this.syncPoint.value.cursor !== cursor) throw new StaleTabError()
    }
    const { tables, point, whole } = update
    const known = new Set(this.#state.pending.upTo(update.lastSeq).map(({ seq }) => seq))
    const planned = this.#state.confirmed.plan(tables)
    const prepared = whole ? this.#store.prepareWhole(whole) : this.#store.prepare(tables, planned)
    const storage = { database: this.#database, outbox: this.#outbox }
    const acknowledged = await persistUpdate(storage, { update, cursor, known, prepared }, (entry) =>
      this.#toDoneEntry(entry),
    )
    if (!acknowledged) {
      await this.reread()
      throw new StaleTabError()
    }
    const changes = whole ? [] : this.#state.confirmed.applyPlanned(planned)
    prepared.done()
    this.#state.applyUpdate(update, changes, acknowledged)
    // The pages of a first sync are many and large: the other tabs read the disk once, after the last page.
    if (point.complete)
      this.notifyTabs(whole || !wasComplete ? { kind: 'reread' } : { kind: 'arrived', arrival: update, from })
  }

  /**
   * Applies what another tab has recorded or received. Reads the disk if the message does not follow this tab's memory.
   */
  async handleTabMessage(message: TabMessage): Promise<void> {
    if (message.kind === 'scans') {
      return (await this.#outbox.identity()) ? this.recovery.loadScans() : this.recovery.restore()
    }
    if (!this.#applyTabMessage(message)) await this.reread()
    if (message.kind !== 'arrived' && this.pendingCount.value > 0) this.queue.request()
  }

  /** Returns false if the message does not follow this tab's memory. */
  #applyTabMessage(message: Exclude<TabMessage, { kind: 'scans' }>): boolean {
    if (message.kind === 'recorded') {
      for (const { scanId } of message.entries) if (scanId !== undefined) this.scans.markResolved(scanId)
      return message.clientId === this.#clientId && message.entries.every((entry) => this.#state.addIfNext(entry))
    }
    if (message.kind === 'reread' || message.from !== this.syncPoint.value.version) return false
    const { arrival: update } = message
    if (update.clientId !== this.#clientId) return false
    const acknowledged = update.point.complete ? this.#state.pending.upTo(update.lastSeq) : []
    this.#store.markStale()
    this.#state.applyUpdate(update, this.#state.confirmed.apply(update.tables), acknowledged)
    return true
  }

  /**
   * Starts the sync again from nothing. Pending mutations stay, and so do the old rows until all new ones have arrived.
   * `newIdentity` also takes a new client id and renumbers the outbox. `resend` first queues what was acknowledged in
   * the last week, because the server began a new epoch.
   */
  async startOver({ newIdentity, resend }: { newIdentity: boolean; resend: boolean }): Promise<void> {
    await resetSyncPoint(this.#database, async (clockOffsetMs) => {
      if (newIdentity) await this.#outbox.renumber({ resend, clockOffsetMs })
      return { newEpoch: resend }
    })
    await this.#rereadAll()
  }

  /** Loads all rows again because stored ones cannot be read. If this fails, the next start finds the damage again. */
  async #reloadDamagedRows(): Promise<void> {
    if (this.syncPoint.value.cursor === null) return
    await this.startOver({ newIdentity: false, resend: false })
    this.queue.request()
  }

  /**
   * Imports the pending mutations of another device, or of this one before its data was lost, all or none. Keeps D19.
   */
  async importOutbox(file: OutboxExport): Promise<ImportResult> {
    const imported = await this.recovery.persist(() => {
      const { clockOffsetMs, epoch } = this.syncPoint.value
      return this.#outbox.importEntries(rebaseImport(file, { clockOffsetMs, epoch, nowMs: this.#now() }))
    })
    await this.#rereadAll()
    await this.recovery.reloadScans()
    this.queue.request()
    return imported
  }

  /** Everything pending on this device, for a file that a person can save. */
  async exportPending(): Promise<{ outbox: OutboxEntry[]; scans: ScanRecord[] }> {
    return { outbox: await this.#database.outbox.toArray(), scans: await this.#database.scans.toArray() }
  }

  /** Deletes everything that this device has stored. */
  async deleteEverything(): Promise<void> {
    this.#database.close()
    await deleteDatabase(this.#database.name)
  }

  close(): void {
    this.#database.close()
  }

  #enqueue(mutation: Pick<NewMutation, 'id' | 'name' | 'args' | 'scanId'>): Promise<Enqueued> {
    return this.recovery.persist(() => {
      const seen = this.syncPoint.value.version
      return this.#outbox.enqueue({ ...mutation, seen, estimate: (stamp) => this.#state.estimateStamp(stamp) })
    })
  }

  async #rereadAll(): Promise<void> {
    await this.reread()
    this.notifyTabs({ kind: 'reread' })
  }

  /** A new id, from the device's clock. */
  newId(): string {
    return uuidv7(this.#now(), this.#random())
  }

  #toDoneEntry(entry: OutboxEntry): DoneEntry {
    return { ...entry, id: entry.envelope.id, doneAt: this.#now(), posted: this.#state.pending.postedOf(entry.seq) }
  }
}

/** A verb with valid arguments returns only the codes that it lists. */
function refusalOf<N extends MutationName>({ refusal }: Outcome & { status: 'refused' }): Refusal<RefusalOf<N>> {
  return refusal as Refusal<RefusalOf<N>>
}
