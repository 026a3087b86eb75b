// Survives a browser, or a person, that deletes the storage while the app is open: memory is written into a new
// database, as a new device with the same mutation ids. Keeps D13.
import { signal } from '@preact/signals'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { OfflineMode } from '../outbox/offline-mode.ts'
import type { Outbox } from '../outbox/outbox.ts'
import { rebaseImport } from '../outbox/outbox-import.ts'
import type { ScanLog } from '../outbox/scan-log.ts'
import type { StorageLoss } from '../record-result.ts'
import type { OptimisticState } from '../state/optimistic-state.ts'
import type { ConfirmedRowsStore } from './confirmed-rows-store.ts'
import type { DeviceDatabase } from './database.ts'
import { rebuildFromMemory } from './device-storage.ts'

/** Gives up after this many deletions in a row: something empties the storage again each time. */
const DELETIONS_MAX = 5

export interface StorageRecoveryOptions {
  database: DeviceDatabase
  state: OptimisticState
  store: ConfirmedRowsStore
  outbox: Outbox
  scans: ScanLog
  offlineMode: OfflineMode
  now: () => number
  newId: () => string
  /** Reads the disk again, in this tab and the others. */
  reload: () => Promise<void>
  /** Tells the other tabs to read the scan log again. */
  scansChanged: () => void
}

export class StorageRecovery {
  /** Set after the storage was deleted: memory was written back, or there was nothing in memory. */
  readonly loss = signal<StorageLoss | undefined>(undefined)
  readonly #options: StorageRecoveryOptions

  constructor(options: StorageRecoveryOptions) {
    this.#options = options
  }

  /**
   * Runs `write`, which returns undefined if the storage has no identity. Then restores the storage and runs it again.
   * @throws if the storage is deleted again each time
   */
  async persist<T>(write: () => Promise<T | undefined>): Promise<T> {
    for (let deletions = 0; deletions <= DELETIONS_MAX; deletions++) {
      const written = await write()
      if (written !== undefined) return written
      await this.restore()
    }
    throw new Error('the storage of this device is deleted again each time it is restored')
  }

  /** Writes memory into the empty database. Another tab may already have done so. */
  async restore(): Promise<void> {
    const { database, state, store, offlineMode, scans, newId } = this.#options
    await rebuildFromMemory(database, {
      rows: store.prepareWhole(state.confirmed),
      point: state.point.value,
      paused: offlineMode.isOn,
      clientId: newId(),
      envelopes: state.pending.envelopes(),
      scans: scans.unresolved.value,
    })
    await this.#options.reload()
    await this.reloadScans()
    this.loss.value = 'restored'
  }

  /**
   * Adds mutations that only this tab's memory knows: another tab has restored the storage without them. The ones that
   * the disk or the server knows are recognised by their ids.
   */
  async addMissing(pending: readonly Envelope[], epoch: number): Promise<void> {
    const { outbox, scans, state, now } = this.#options
    const { clockOffsetMs, epoch: current } = state.point.value
    const file = { pending, scans: scans.unresolved.value, settledScans: [], clockOffsetMs, epoch }
    const missing = rebaseImport(file, { clockOffsetMs, epoch: current, nowMs: now() })
    await this.persist(() => outbox.importEntries(missing))
    await this.#options.reload()
  }

  /** Reads the scan log again, and writes back the open scans that only this tab's memory knows. */
  async loadScans(): Promise<void> {
    const { outbox, scans } = this.#options
    const missing = await scans.load()
    if (missing.length === 0) return
    await this.persist(() => outbox.importEntries({ mutations: [], scans: missing, settledScans: [] }))
    await this.reloadScans()
  }

  /** The same, in this tab and the others. */
  async reloadScans(): Promise<void> {
    await this.loadScans()
    this.#options.scansChanged()
  }
}
