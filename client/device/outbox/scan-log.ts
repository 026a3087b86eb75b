// The scan log stores a scan before it is looked up. Scanned = resolved + unresolved + dismissed. Keeps Z1.
import { signal } from '@preact/signals'
import type { DeviceDatabase } from '../storage/database.ts'
import type { ScanRecord } from '../records.ts'

/** How long resolved and dismissed scans are stored, to answer "did I scan it?". */
const CLOSED_MAX_AGE_MS = 7 * 86_400_000

export class ScanLog {
  /** Newest first. */
  readonly unresolved = signal<ScanRecord[]>([])
  readonly #database: DeviceDatabase
  readonly #newId: () => string
  readonly #now: () => number
  readonly #notifyTabs: () => void

  /** `notifyTabs`: tells the other tabs to read the log again. */
  constructor(
    database: DeviceDatabase,
    { newId, now, notifyTabs }: { newId: () => string; now: () => number; notifyTabs: () => void },
  ) {
    this.#database = database
    this.#newId = newId
    this.#now = now
    this.#notifyTabs = notifyTabs
  }

  /** Deletes old resolved and dismissed scans, and loads the others. */
  async open(): Promise<void> {
    await this.#database.scans
      .where('at')
      .below(this.#now() - CLOSED_MAX_AGE_MS)
      .and(({ state }) => state !== 'unresolved')
      .delete()
    await this.load()
  }

  /**
   * Reads scans that another tab has stored, resolved or dismissed. Runs in one transaction, so that no change is
   * missed in between. Returns the unresolved scans in memory that are not on disk in any state, and leaves them
   * unresolved: the storage was deleted, and a tab that did not know them rebuilt it.
   */
  async load(): Promise<ScanRecord[]> {
    const { scans } = this.#database
    return this.#database.transaction('r', scans, async () => {
      const open = await scans.where('state').equals('unresolved').toArray()
      const inMemory = this.unresolved.value
      const stored = await scans.bulkGet(inMemory.map(({ id }) => id))
      const lost = inMemory.filter((_, index) => !stored[index])
      this.unresolved.value = [...open, ...lost].toSorted((a, b) => b.at - a.at)
      return lost
    })
  }

  /** Stores a scan. Resolves once it is durable; rejects if it cannot be stored. */
  async store(scan: Pick<ScanRecord, 'code' | 'at' | 'mode' | 'locationId'>): Promise<ScanRecord> {
    const record: ScanRecord = { ...scan, id: this.#newId(), state: 'unresolved' }
    await this.#database.scans.add(record)
    this.unresolved.value = [record, ...this.unresolved.value]
    this.#notifyTabs()
    return record
  }

  /** Updates memory after the transaction that turned a scan into a mutation. */
  markResolved(id: string): void {
    this.unresolved.value = this.unresolved.value.filter((scan) => scan.id !== id)
  }

  /** Resolves scans that only answered a question, chose a location, or are part of what other scans became. */
  resolve(...ids: readonly string[]): Promise<void> {
    return this.#update(ids, { state: 'resolved' })
  }

  /** Dismisses scans because a person said that they mean nothing. */
  dismiss(ids: readonly string[], reason: string): Promise<void> {
    return this.#update(ids, { state: 'dismissed', reason })
  }

  async #update(ids: readonly string[], changes: Partial<ScanRecord>): Promise<void> {
    if (ids.length === 0) return
    await this.#database.scans.bulkUpdate(ids.map((key) => ({ key, changes })))
    const closed = new Set(ids)
    this.unresolved.value = this.unresolved.value.filter(({ id }) => !closed.has(id))
    this.#notifyTabs()
  }
}
