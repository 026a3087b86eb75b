// The disk of a device, read from inside fake-indexeddb, past all code of the product and of Dexie.
import 'fake-indexeddb/auto'
import type { Identity, OutboxEntry, SyncPoint } from '../../../client/device/records.ts'
import type { Random } from '../random.ts'

export function outboxOn(storage: string): OutboxEntry[] {
  return valuesOf<OutboxEntry>(storage, 'outbox')
}

export function metaOn(storage: string): { identity?: Identity; point?: SyncPoint; paused?: boolean } {
  return Object.fromEntries(
    valuesOf<{ key: string; value: unknown }>(storage, 'meta').map(({ key, value }) => [key, value]),
  )
}

/** Rolls back every uncommitted transaction, as a power cut does. */
export function cutPower(storage: string): void {
  for (const transaction of databases().get(storage)?.transactions ?? []) {
    if (transaction._state !== 'finished') transaction._abort(null)
  }
}

/** The full disks, each with the random numbers that decide whether a write still fits. */
const full = new Map<string, Random>()
const FITS_PROBABILITY = 0.6

/** From now on many writes to a disk fail. Undefined makes all writes succeed again. */
export function fill(storage: string, random: Random | undefined): void {
  if (random) full.set(storage, random)
  else full.delete(storage)
}

export function isFull(storage: string): boolean {
  return full.has(storage)
}

// A browser reports a full disk as it ends the transaction, some time after the write.
for (const method of ['add', 'put'] as const) {
  const write = IDBObjectStore.prototype[method]
  IDBObjectStore.prototype[method] = function (this: IDBObjectStore, ...args) {
    const request = write.apply(this, args)
    const transaction = this.transaction as unknown as RawTransaction & { db: { name: string } }
    if (full.get(transaction.db.name)?.chance(1 - FITS_PROBABILITY)) transaction._abort('QuotaExceededError')
    return request
  }
}

function valuesOf<T>(storage: string, table: string): T[] {
  const records = databases().get(storage)?.rawObjectStores.get(table)?.records
  return records ? [...records.values()].map(({ value }) => value as T) : []
}

function databases(): Map<string, RawDatabase> {
  return (globalThis.indexedDB as unknown as { _databases: Map<string, RawDatabase> })._databases
}

interface RawTransaction {
  _state: string
  _abort(name: string | null): void
}

/** The internal state of a database in fake-indexeddb. */
interface RawDatabase {
  transactions: RawTransaction[]
  rawObjectStores: Map<string, { records: { values(): Iterable<{ value: unknown }> } }>
}
