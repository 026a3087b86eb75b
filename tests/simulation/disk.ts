// What a device has on its disk, read past all code of the product and of Dexie: the insides of fake-indexeddb.
import type { Identity, OutboxEntry, SyncPoint } from '../../client/device/database.ts'

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

function valuesOf<T>(storage: string, table: string): T[] {
  const records = databases().get(storage)?.rawObjectStores.get(table)?.records
  return records ? [...records.values()].map(({ value }) => value as T) : []
}

function databases(): Map<string, RawDatabase> {
  return (globalThis.indexedDB as unknown as { _databases: Map<string, RawDatabase> })._databases
}

/** What fake-indexeddb keeps of a database. */
interface RawDatabase {
  transactions: { _state: string; _abort(name: string | null): void }[]
  rawObjectStores: Map<string, { records: { values(): Iterable<{ value: unknown }> } }>
}
