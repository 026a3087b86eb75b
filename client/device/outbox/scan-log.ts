// The scan log: a trigger pull is stored before it is looked up. Scanned = resolved + unresolved + dismissed. Keeps Z1.
import { signal } from '@preact/signals'
import type { DeviceDatabase } from '../storage/database.ts'
import type { ScanRecord } from '../records.ts'

/** Settled scans are kept this long, to answer "did I scan it?". */
const KEPT_MS = 7 * 86_400_000

export class ScanLog {
  /** Scans that became nothing yet, newest first. */
  readonly unresolved = signal<ScanRecord[]>([])
  readonly #database: DeviceDatabase
  readonly #newId: () => string
  readonly #now: () => number
  readonly #notifyTabs: () => void

  /** `tell`: the other tabs must read the log again. */
  constructor(
    database: DeviceDatabase,
    { newId, now, tell }: { newId: () => string; now: () => number; tell: () => void },
  ) {
    this.#database = database
    this.#newId = newId
    this.#now = now
    this.#notifyTabs = tell
  }

  /** As the app opens: what was settled long ago goes. */
  async open(): Promise<void> {
    await this.#database.scans
      .where('at')
      .below(this.#now() - KEPT_MS)
      .and(({ state }) => state !== 'unresolved')
      .delete()
    await this.load()
  }

  /**
   * Reads off the disk what another tab has stored or settled. The disk does one thing after the other: nothing is between.
   * What still asks and is on the disk no more, in whatever state, goes on asking, and is returned: the storage was deleted
   * and made anew by a tab that had not heard of it.
   */
  async load(): Promise<ScanRecord[]> {
    const { scans } = this.#database
    return this.#database.transaction('r', scans, async () => {
      const open = await scans.where('state').equals('unresolved').toArray()
      const asking = this.unresolved.value
      const there = await scans.bulkGet(asking.map(({ id }) => id))
      const lost = asking.filter((_, index) => !there[index])
      this.unresolved.value = [...open, ...lost].toSorted((a, b) => b.at - a.at)
      return lost
    })
  }

  /** Stores a scan. Resolves once it is durable; rejects where the device cannot keep it. */
  async store(scan: Pick<ScanRecord, 'code' | 'at' | 'mode' | 'locationId'>): Promise<ScanRecord> {
    const record: ScanRecord = { ...scan, id: this.#newId(), state: 'unresolved' }
    await this.#database.scans.add(record)
    this.unresolved.value = [record, ...this.unresolved.value]
    this.#notifyTabs()
    return record
  }

  /** A scan became a mutation, in the transaction that kept that. */
  markResolved(id: string): void {
    this.unresolved.value = this.unresolved.value.filter((scan) => scan.id !== id)
  }

  /** Scans that only asked a question, chose a place, or are part of what others became. */
  answer(...ids: readonly string[]): Promise<void> {
    return this.#update(ids, { state: 'resolved' })
  }

  /** A person says that scans mean nothing. */
  dismiss(ids: readonly string[], reason: string): Promise<void> {
    return this.#update(ids, { state: 'dismissed', reason })
  }

  async #update(ids: readonly string[], changes: Partial<ScanRecord>): Promise<void> {
    if (ids.length === 0) return
    await this.#database.scans.bulkUpdate(ids.map((key) => ({ key, changes })))
    const settled = new Set(ids)
    this.unresolved.value = this.unresolved.value.filter(({ id }) => !settled.has(id))
    this.#notifyTabs()
  }
}
