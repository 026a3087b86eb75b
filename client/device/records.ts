// The records that this device stores in IndexedDB.
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Kind, WireTables } from '#shared/rows/rows.ts'
import type { PostedEntry } from '#shared/working-set/working-set.ts'

/** How many acknowledged mutations a person can see and undo. */
export const HISTORY_MAX = 200

/** About a thousand rows of one kind in one value. Reading and writing rows one by one takes twenty times as long. */
export interface Chunk {
  kind: Kind
  no: number
  /** Wire columns and rows as JSON text, because IndexedDB copies a text much faster than the objects in it. */
  text: string
}

/** The rows of a small pull, until they are folded into the chunks. */
export interface LogRecord {
  id: number
  tables: WireTables
  count: number
}

export interface OutboxEntry {
  seq: number
  envelope: Envelope
  /** The effective stamp as this device estimates it. */
  at: string
  scanId?: string
  /** The server's answer, if it says more than "applied". */
  answer?: PushResult
}

export interface DoneEntry extends OutboxEntry {
  id: string
  doneAt: number
  posted: PostedEntry[]
}

export interface ScanRecord {
  id: string
  code: string
  /** Unix ms of the trigger. */
  at: number
  /** The mode and location of the scan screen at that time, which an unresolved scan still needs. */
  mode: string
  locationId: string | null
  state: 'unresolved' | 'resolved' | 'dismissed'
  mutationId?: string
  reason?: string
}

/** The device's identity towards the server, and the next number and last stamp of its mutations. */
export interface Identity {
  clientId: string
  nextSeq: number
  lastStamp: string | undefined
  /**
   * Mutations from this seq on were imported from elsewhere. They are sent once the outbox is renumbered under a new
   * client id, in the order of their times. Under the current one, the server would move their times behind those of
   * the mutations that it already has.
   */
  broughtFrom?: number
}

/** How far this device is in sync. */
export interface SyncPoint {
  cursor: string | null
  /** 0 until the server has sent it. */
  epoch: number
  version: number
  /** False during the first sync. True without a cursor: the old rows stay readable until new ones replace them. */
  complete: boolean
  /** When the device last had everything, by the server's clock, Unix ms; 0 for never. */
  asOf: number
  /** The server's clock minus this device's, as last measured. */
  clockOffsetMs: number
  lastAt: string | null
}

/** The clock was set while mutations were pending, and only the server can tell by how much. */
export interface UnresolvedClockJump {
  /** Pending mutations below this seq were stamped before the jump. */
  beforeSeq: number
  /** How far their stamps have been shifted already. */
  movedMs: number
}
