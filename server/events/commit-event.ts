// What replicas tell each other: what a commit tells the world, after it (rows, events, and how far each device got), and
// whose sessions ended. Keeps V1–V5.
import type { LiveEvent } from '#shared/protocol/wire.ts'
import type { WireTables } from '#shared/rows/rows.ts'

export interface CommitEvent {
  orgId: string
  epoch: number
  from: number
  to: number
  chainHead: string
  /** When it was decided, as its row says. Absent from a server of the version before. */
  atMs?: number
  /** The head of the chain that it was added to. Absent from a server of the version before, and where an epoch begins. */
  chainBefore?: string
  /** When the commit before it was decided. Absent where `chainBefore` is, and from a server of the version before. */
  atMsBefore?: number
  events: LiveEvent[]
  /** Absent where the rows are too large to travel: then the message is a poke to pull. */
  tables?: WireTables
  /** The last seq of each device whose push this commit took. */
  lastSeqs: Record<string, number>
  /** Whose devices those are: nobody else is told. Absent from a server of the version before. */
  deviceUsers?: Record<string, string>
  /** When it was committed, Unix ms by the clock of that replica. Absent from a server of the version before. */
  committedAtMs?: number
}

/** One session, or all of a person's: their sockets hear no more. */
export type SessionsEnded = { orgId: string } & ({ endedSession: string } | { endedUser: string })

export type ServerEvent = CommitEvent | SessionsEnded
