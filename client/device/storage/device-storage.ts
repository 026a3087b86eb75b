// Opens, reads and deletes the stored data of a device, whatever state it is in. Keeps D3, D13, D14.
import { Dexie } from 'dexie'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { INITIAL_SYNC_POINT } from '../sync-update.ts'
import type { DeviceDatabase } from './database.ts'
import {
  HISTORY_MAX,
  type UnresolvedClockJump,
  type DoneEntry,
  type OutboxEntry,
  type ScanRecord,
  type SyncPoint,
} from '../records.ts'
import type { PreparedWrite, StoredRows } from './confirmed-rows-store.ts'

/** The version that IndexedDB reports is Dexie's times ten. */
const VERSION_FACTOR = 10
// The prefix of a localStorage key that outlives an eviction of IndexedDB.
const MARKER_PREFIX = 'stockhand.kept.'

/** A newer version of the app has written this database. An older one must not change or delete anything. */
export class NewerDatabaseError extends Error {
  readonly databaseName: string
  constructor(databaseName: string) {
    super('a newer version of the app has been used here')
    this.name = 'NewerDatabaseError'
    this.databaseName = databaseName
  }
}

export interface Snapshot {
  rows: StoredRows
  point: SyncPoint | undefined
  unresolvedJump: UnresolvedClockJump | undefined
  paused: boolean
  clientId: string
  /** The seq of the next mutation that any tab of this device records. */
  nextSeq: number
  outbox: OutboxEntry[]
  /** Newest first. */
  done: DoneEntry[]
  /** Pending mutations that are in memory, but neither pending nor acknowledged on disk. */
  missing: Envelope[]
}

/** @throws {NewerDatabaseError} because Dexie would open a newer database anyway, and create its own tables in it */
export async function openDatabase(database: DeviceDatabase): Promise<void> {
  const stored = (await indexedDB.databases?.())?.find(({ name }) => name === database.name)
  if ((stored?.version ?? 0) > database.verno * VERSION_FACTOR) throw new NewerDatabaseError(database.name)
  await database.open()
}

/**
 * Reads everything from one snapshot, so that a commit of another tab is in all of it or in none. `pendingInMemory`
 * returns the mutations that memory considers pending. Resolves to undefined if the storage was deleted while the app
 * was open.
 */
export function readSnapshot(
  database: DeviceDatabase,
  pendingInMemory: () => readonly Envelope[],
): Promise<Snapshot | undefined> {
  const { meta, chunks, log, outbox, done } = database
  return database.transaction('r', [meta, chunks, log, outbox, done], async () => {
    const [point, identity, unresolvedJump, paused, chunkRows, logRows, pending, acknowledged] = await Promise.all([
      database.readMeta('point'),
      database.readMeta('identity'),
      database.readMeta('clockDoubt'),
      database.readMeta('paused'),
      chunks.toArray(),
      log.toArray(),
      outbox.orderBy('seq').toArray(),
      done.orderBy('doneAt').reverse().limit(HISTORY_MAX).toArray(),
    ])
    if (!identity) return undefined
    const ids = new Set(pending.map(({ envelope }) => envelope.id))
    const unstored = pendingInMemory().filter(({ id }) => !ids.has(id))
    const sent = await done.bulkGet(unstored.map(({ id }) => id))
    const missing = unstored.filter((_, index) => !sent[index])
    const rows = { chunks: chunkRows, log: logRows }
    const { clientId, nextSeq } = identity
    return {
      rows,
      point,
      unresolvedJump,
      paused: paused === true,
      clientId,
      nextSeq,
      outbox: pending,
      done: acknowledged,
      missing,
    }
  })
}

/**
 * Resets the sync in one transaction, so that the next pull starts from nothing. The old rows stay until all new ones
 * are there, unless they belong to an unfinished first sync. `renew` renumbers the outbox if necessary. Does not do
 * anything if the storage was deleted while the app was open, because memory has to be written back first.
 */
export async function resetSyncPoint(
  database: DeviceDatabase,
  renew: (clockOffsetMs: number) => Promise<{ newEpoch: boolean }>,
): Promise<void> {
  const { meta, chunks, log, outbox, done } = database
  await database.transaction('rw', [meta, chunks, log, outbox, done], async () => {
    if (!(await database.readMeta('identity'))) return
    const before = (await database.readMeta('point')) ?? INITIAL_SYNC_POINT
    const { complete, clockOffsetMs } = before
    const { newEpoch } = await renew(clockOffsetMs)
    const epoch = newEpoch ? 0 : before.epoch // the next pull learns the new epoch
    await database.writeMeta(
      'point',
      complete ? { ...before, cursor: null, epoch } : { ...INITIAL_SYNC_POINT, clockOffsetMs },
    )
    if (!complete) await Promise.all([chunks.clear(), log.clear()])
  })
}

/** What memory has of a device whose storage was deleted. */
interface Memory {
  rows: PreparedWrite
  point: SyncPoint
  paused: boolean
  clientId: string
  envelopes: readonly Envelope[]
  /** Unresolved scans. */
  scans: readonly ScanRecord[]
}

/** Writes memory into an emptied database, as a new device. Does not do anything if another tab has already done so. */
export async function rebuildFromMemory(database: DeviceDatabase, memory: Memory): Promise<void> {
  const { meta, chunks, log, outbox } = database
  const { rows, point, paused, clientId, envelopes, scans } = memory
  await database.transaction('rw', [meta, chunks, log, outbox, database.scans], async () => {
    if (await database.readMeta('identity')) return
    await rows.write()
    const entries = envelopes.map((envelope, index): OutboxEntry => {
      const seq = index + 1
      return { seq, at: envelope.at, envelope: { ...envelope, seq } }
    })
    await outbox.bulkPut(entries)
    await database.scans.bulkPut([...scans])
    await database.writeMeta('point', point)
    await database.writeMeta('paused', paused)
    await database.writeMeta('identity', { clientId, nextSeq: entries.length + 1, lastStamp: envelopes.at(-1)?.at })
  })
}

/** Returns true if this device stored something before and its database is now empty. */
export async function wasEvicted(database: DeviceDatabase): Promise<boolean> {
  if (globalThis.localStorage?.getItem(MARKER_PREFIX + database.name) === null) return false
  return globalThis.localStorage !== undefined && (await database.readMeta('identity')) === undefined
}

export function rememberStored(name: string): void {
  globalThis.localStorage?.setItem(MARKER_PREFIX + name, 'yes')
}

export async function deleteDatabase(name: string): Promise<void> {
  globalThis.localStorage?.removeItem(MARKER_PREFIX + name)
  await Dexie.delete(name)
}

/** Reads the pending mutations and scans of a database that is too new for this app, without changing it. */
export async function readPendingFrom(name: string): Promise<{ outbox: OutboxEntry[]; scans: ScanRecord[] }> {
  const database = await new Dexie(name).open() // without a schema: opens the tables that exist
  try {
    const all = <T>(table: string) =>
      database.tables.some(({ name: known }) => known === table) ? database.table<T>(table).toArray() : []
    const [outbox, scans] = await Promise.all([all<OutboxEntry>('outbox'), all<ScanRecord>('scans')])
    return { outbox, scans }
  } finally {
    database.close()
  }
}
