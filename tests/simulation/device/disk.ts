// What a device has on its disk, read past all code of the product and of Dexie: the insides of fake-indexeddb.
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

/** Rolls back every transaction that has not committed, as a disk does after a power cut. */
export function cutPower(storage: string): void {
  for (const transaction of databases().get(storage)?.transactions ?? []) {
    if (transaction._state !== 'finished') transaction._abort(null)
  }
}

/** Which of the disks are full, and whose chance it is that something fits all the same. */
const full = new Map<string, Random>()
const FITS = 0.6

/** From now on a disk refuses much of what is to be written. Undefined for one that takes everything again. */
export function fill(storage: string, random: Random | undefined): void {
  if (random) full.set(storage, random)
  else full.delete(storage)
}

export function isFull(storage: string): boolean {
  return full.has(storage)
}

// A browser says so as it ends the transaction, sometime after the write that was too much.
for (const method of ['add', 'put'] as const) {
  const write = IDBObjectStore.prototype[method]
  IDBObjectStore.prototype[method] = function (this: IDBObjectStore, ...args) {
    const request = write.apply(this, args)
    const transaction = this.transaction as unknown as RawTransaction & { db: { name: string } }
    if (full.get(transaction.db.name)?.chance(1 - FITS)) transaction._abort('QuotaExceededError')
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

/** What fake-indexeddb keeps of a database. */
interface RawDatabase {
  transactions: RawTransaction[]
  rawObjectStores: Map<string, { records: { values(): Iterable<{ value: unknown }> } }>
}
