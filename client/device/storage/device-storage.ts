// Opening, reading and deleting what a device keeps, whatever state it is in. Keeps D3, D13, D14.
import { Dexie } from 'dexie'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { INITIAL_SYNC_POINT } from '../sync-update.ts'
import { DEVICE_NAME_PREFIX } from './device-name.ts'
import type { DeviceDatabase } from './database.ts'
import type { UnresolvedClockJump, DoneEntry, OutboxEntry, ScanRecord, SyncPoint } from '../records.ts'
import type { PreparedWrite, StoredRows } from './confirmed-rows-store.ts'

/** How many acknowledged mutations a person can see and undo. */
export const HISTORY_MAX = 200
/** IndexedDB's version of a database is Dexie's times ten. */
const VERSION_FACTOR = 10
const REMEMBERED_AS = 'stockhand.kept.'

/** A newer app has written here: an older one must not, and deletes nothing. */
export class NewerDatabaseError extends Error {
  readonly databaseName: string
  constructor(databaseName: string) {
    super('a newer version of the app has been used here')
    this.name = 'NewerDatabase'
    this.databaseName = databaseName
  }
}

export interface Snapshot {
  kept: StoredRows
  point: SyncPoint | undefined
  doubt: UnresolvedClockJump | undefined
  paused: boolean
  clientId: string
  /** The number of the next mutation that is recorded here, by any tab. */
  nextSeq: number
  outbox: OutboxEntry[]
  /** Newest first. */
  done: DoneEntry[]
  /** What memory holds and the disk does not, neither waiting nor sent. */
  missing: Envelope[]
}

/** @throws {NewerDatabaseError} where Dexie would go on all the same, and make tables as it knows them */
export async function openDatabase(database: DeviceDatabase): Promise<void> {
  const there = (await indexedDB.databases?.())?.find(({ name }) => name === database.name)
  if ((there?.version ?? 0) > database.verno * VERSION_FACTOR) throw new NewerDatabaseError(database.name)
  await database.open()
}

/**
 * All from one snapshot: what another tab commits meanwhile is in all of it, or in none. `held` is what memory knows to
 * wait. Undefined where the storage was deleted under the open app.
 */
export function readSnapshot(
  database: DeviceDatabase,
  { held }: { held: () => readonly Envelope[] },
): Promise<Snapshot | undefined> {
  const { meta, chunks, log, outbox, done } = database
  return database.transaction('r', [meta, chunks, log, outbox, done], async () => {
    const [point, identity, doubt, paused, chunkRows, logRows, waiting, settled] = await Promise.all([
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
    const ids = new Set(waiting.map(({ envelope }) => envelope.id))
    const gone = held().filter(({ id }) => !ids.has(id))
    const sent = await done.bulkGet(gone.map(({ id }) => id))
    const missing = gone.filter((_, index) => !sent[index])
    const kept = { chunks: chunkRows, log: logRows }
    const { clientId, nextSeq } = identity
    return { kept, point, doubt, paused: paused === true, clientId, nextSeq, outbox: waiting, done: settled, missing }
  })
}

/**
 * Begins again with the server, in one transaction: the next pull starts from nothing. The old rows stay until the new
 * ones are all there, unless they were the beginnings of a first sync. `renew` numbers the outbox anew, if it must be.
 * Nothing where the storage was deleted under the open app: what memory holds is to be kept first.
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
    const epoch = newEpoch ? 0 : before.epoch // the pull tells a new one
    await database.writeMeta(
      'point',
      complete ? { ...before, cursor: null, epoch } : { ...INITIAL_SYNC_POINT, clockOffsetMs },
    )
    if (!complete) await Promise.all([chunks.clear(), log.clear()])
  })
}

/** What is left of a device whose storage was deleted. */
interface Memory {
  rows: PreparedWrite
  point: SyncPoint
  paused: boolean
  clientId: string
  envelopes: readonly Envelope[]
  /** Those that became nothing yet. */
  scans: readonly ScanRecord[]
}

/** Writes what memory holds into a database that was emptied, as a new device. Nothing where another tab was faster. */
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

/** True where this device has kept something before, and nothing of it is left. */
export async function wasEvicted(database: DeviceDatabase): Promise<boolean> {
  if (globalThis.localStorage?.getItem(REMEMBERED_AS + database.name) === null) return false
  return globalThis.localStorage !== undefined && (await database.readMeta('identity')) === undefined
}

export function rememberStored(name: string): void {
  globalThis.localStorage?.setItem(REMEMBERED_AS + name, 'yes')
}

export async function deleteDatabase(name: string): Promise<void> {
  globalThis.localStorage?.removeItem(REMEMBERED_AS + name)
  await Dexie.delete(name)
}

/** What waits in a database that this app is too old for, as it is. */
export async function readPendingFrom(name: string): Promise<{ outbox: OutboxEntry[]; scans: ScanRecord[] }> {
  const database = await new Dexie(name).open() // with the tables that it has
  try {
    const all = <T>(table: string) =>
      database.tables.some(({ name: known }) => known === table) ? database.table<T>(table).toArray() : []
    const [outbox, scans] = await Promise.all([all<OutboxEntry>('outbox'), all<ScanRecord>('scans')])
    return { outbox, scans }
  } finally {
    database.close()
  }
}

/** How much waits in this browser that is not this device's own: another person's, or of another organisation. */
export async function countOtherUsersPending(own: string | undefined): Promise<number> {
  const there = (await indexedDB.databases?.()) ?? []
  const names = there.flatMap(({ name }) => (name?.startsWith(DEVICE_NAME_PREFIX) && name !== own ? [name] : []))
  const counts = await Promise.all(names.map(async (name) => (await readPendingFrom(name)).outbox.length))
  return counts.reduce((sum, count) => sum + count, 0)
}
