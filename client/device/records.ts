// The records that this device stores in IndexedDB.
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Kind, WireTables } from '#shared/rows/rows.ts'
import type { PostedEntry } from '#shared/working-set/working-set.ts'

/** About a thousand rows of one kind in one value: reading and writing rows one by one takes twenty times as long. */
export interface Chunk {
  kind: Kind
  no: number
  /** Wire columns and rows, as JSON text: IndexedDB copies a text much faster than what it says. */
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
  /** What the server answered, where it was more than "applied". */
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
  /** What scanning did at that time, and where: what an unresolved scan still waits to become. */
  mode: string
  locationId: string | null
  state: 'unresolved' | 'resolved' | 'dismissed'
  mutationId?: string
  reason?: string
}

/** Who this device is to the server, and how far its own numbering has come. */
export interface Identity {
  clientId: string
  nextSeq: number
  lastStamp: string | undefined
  /**
   * From this seq on something was brought here that was made elsewhere: it is sent once all that waits is numbered anew,
   * in the order of its time. Among what this client has sent it would lose its own.
   */
  broughtFrom?: number
}

/** How far this device has come in what the server knows. */
export interface SyncPoint {
  cursor: string | null
  /** 0 until the server has told it. */
  epoch: number
  version: number
  /** False in the middle of the first sync. Complete without a cursor: its rows are read until new ones replace them. */
  complete: boolean
  /** When it last agreed with the server, by the server's clock, Unix ms; 0 for never. */
  asOf: number
  /** The server's clock minus this device's, as last seen. */
  clockOffsetMs: number
  lastAt: string | null
}

/** The clock was set while something waited, and only the server can tell how far. */
export interface UnresolvedClockJump {
  /** What waits below this seq was stamped before. */
  beforeSeq: number
  /** How far it was moved along already. */
  movedMs: number
}
