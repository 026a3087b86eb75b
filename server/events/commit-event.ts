// What servers publish to each other: the rows, events and lastSeqs of a commit, and ended sessions. Keeps V1–V5.
import type { LiveEvent } from '#shared/protocol/wire.ts'
import type { WireTables } from '#shared/rows/rows.ts'

export interface CommitEvent {
  orgId: string
  epoch: number
  from: number
  to: number
  chainHead: string
  /** When it was decided, as in the row of the commit, Unix ms. Absent from a server of the previous version. */
  atMs?: number
  /** The chain head before it. Absent from a server of the previous version, and if the commit begins an epoch. */
  chainBefore?: string
  /** When the commit before it was decided, Unix ms. Absent if `chainBefore` is, and from a server of the previous version. */
  atMsBefore?: number
  events: LiveEvent[]
  /** Absent if the rows are too large for a message. The live message is then a poke. */
  tables?: WireTables
  /** The lastSeq of each device whose push is in this commit. */
  lastSeqs: Record<string, number>
  /** The user of each of these devices. Only that user gets the lastSeq. Absent from a server of the previous version. */
  deviceUsers?: Record<string, string>
  /** When it was committed, Unix ms by the clock of the committing server. Absent from a server of the previous version. */
  committedAtMs?: number
}

/** One session, or all sessions of a person. Their sockets close. */
export type SessionsEnded = { orgId: string } & ({ endedSession: string } | { endedUser: string })

export type ServerEvent = CommitEvent | SessionsEnded
