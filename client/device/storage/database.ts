// The IndexedDB database of a device, one per organisation and person. Every write is strict: what is "saved" survives
// a power cut. Keeps D1.
import type { EntityTable, Table } from 'dexie'
import { Dexie } from 'dexie'
import type { Kind } from '#shared/rows/rows.ts'
import type {
  Chunk,
  UnresolvedClockJump,
  DoneEntry,
  Identity,
  LogRecord,
  OutboxEntry,
  ScanRecord,
  SyncPoint,
} from '../records.ts'

interface Meta {
  identity: Identity
  point: SyncPoint
  clockDoubt: UnresolvedClockJump | undefined
  /** The person works offline, so the service worker must not send anything either. */
  paused: boolean
}

export class DeviceDatabase extends Dexie {
  declare chunks: Table<Chunk, [Kind, number]>
  declare log: EntityTable<LogRecord, 'id'>
  declare outbox: EntityTable<OutboxEntry, 'seq'>
  declare done: EntityTable<DoneEntry, 'id'>
  declare scans: EntityTable<ScanRecord, 'id'>
  declare meta: Table<{ key: keyof Meta; value: Meta[keyof Meta] }, keyof Meta>

  constructor(name: string) {
    super(name, { chromeTransactionDurability: 'strict' })
    this.version(1).stores({
      chunks: '[kind+no]',
      log: '++id',
      outbox: 'seq',
      done: 'id, doneAt',
      scans: 'id, state, at',
      meta: 'key',
    })
  }

  async readMeta<K extends keyof Meta>(key: K): Promise<Meta[K] | undefined> {
    return (await this.meta.get(key))?.value as Meta[K] | undefined
  }

  async writeMeta<K extends keyof Meta>(key: K, value: Meta[K]): Promise<void> {
    await this.meta.put({ key, value })
  }
}
