// Persists what the server sent: rows, cursor and the outbox without what was acknowledged, in one transaction. Keeps D4.
import type { SyncUpdate } from '../sync-update.ts'
import { INITIAL_SYNC_POINT } from '../sync-update.ts'
import type { DoneEntry, OutboxEntry } from '../records.ts'
import type { DeviceDatabase } from './database.ts'
import type { PreparedWrite } from './confirmed-rows-store.ts'
import type { Outbox } from '../outbox/outbox.ts'

interface UpdateToPersist {
  update: SyncUpdate
  /** The cursor in memory. The one on disk differs if another tab was faster. */
  cursor: string | null
  /** The acknowledged seqs that memory knows. */
  known: ReadonlySet<number>
  /** The prepared rows. */
  prepared: PreparedWrite
}

/**
 * Returns the acknowledged outbox entries. Returns undefined, and does not write anything, if the storage was deleted or if another
 * tab has written in the meantime.
 */
export async function persistUpdate(
  { database, outbox }: { database: DeviceDatabase; outbox: Outbox },
  { update, cursor, known, prepared }: UpdateToPersist,
  doneOf: (entry: OutboxEntry) => DoneEntry,
): Promise<OutboxEntry[] | undefined> {
  const { point, lastSeq, clientId } = update
  const tables = [database.meta, database.chunks, database.log, database.outbox, database.done]
  return database.transaction('rw', tables, async () => {
    const identity = await database.readMeta('identity')
    if (identity?.clientId !== clientId) return undefined
    if (((await database.readMeta('point')) ?? INITIAL_SYNC_POINT).cursor !== cursor) return undefined
    const acknowledged = point.complete ? await outbox.upTo(lastSeq) : []
    // Recorded by another tab: only a push can tell whether the server counts this entry or one of a copy of this device.
    if (acknowledged.some(({ seq }) => seq > outbox.answeredUpTo && !known.has(seq))) return undefined
    await prepared.write()
    await database.writeMeta('point', point)
    await outbox.dequeue(acknowledged.map(doneOf))
    return acknowledged
  })
}
