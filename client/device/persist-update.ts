// Persists what the server sent: rows, cursor and the outbox without what was acknowledged, in one transaction. Keeps D4.
import type { Arrival } from './arrival.ts'
import { START } from './arrival.ts'
import type { DeviceDatabase, DoneEntry, OutboxEntry } from './database.ts'
import type { Keeping } from './mirror-store.ts'
import type { Outbox } from './outbox.ts'

interface Update {
  arrival: Arrival
  /** The cursor in memory. The one on disk differs if another tab was faster. */
  cursor: string | null
  /** The acknowledged seqs that memory knows. */
  known: ReadonlySet<number>
  /** The prepared rows. */
  keeping: Keeping
}

/**
 * Returns the acknowledged outbox entries. Returns undefined, and writes nothing, if the storage was deleted or if another
 * tab has written in the meantime.
 */
export async function persistUpdate(
  { database, outbox }: { database: DeviceDatabase; outbox: Outbox },
  { arrival, cursor, known, keeping }: Update,
  doneOf: (entry: OutboxEntry) => DoneEntry,
): Promise<OutboxEntry[] | undefined> {
  const { point, lastSeq, clientId } = arrival
  const tables = [database.meta, database.chunks, database.log, database.outbox, database.done]
  return database.transaction('rw', tables, async () => {
    const identity = await database.readMeta('identity')
    if (identity?.clientId !== clientId) return undefined
    if (((await database.readMeta('point')) ?? START).cursor !== cursor) return undefined
    const acknowledged = point.complete ? await outbox.upTo(lastSeq) : []
    // Recorded by another tab: only a push can tell whether the server counts this entry or one of a copy of this device.
    if (acknowledged.some(({ seq }) => seq > outbox.answeredTo && !known.has(seq))) return undefined
    await keeping.write()
    await database.writeMeta('point', point)
    await outbox.settle(acknowledged.map(doneOf))
    return acknowledged
  })
}
