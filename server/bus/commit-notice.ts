// What a commit tells the world, after it: rows, events, and how far each device got. Keeps V1–V2.
import type { LiveEvent } from '#shared/protocol/wire.ts'
import type { WireTables } from '#shared/rows/rows.ts'

export interface CommitNotice {
  orgId: string
  epoch: number
  from: number
  to: number
  chainHead: string
  events: LiveEvent[]
  /** Absent where the rows are too large to travel: then the message is a poke to pull. */
  tables?: WireTables
  /** The last seq of each device whose push this commit took. */
  lastSeqs: Record<string, number>
  /** When it was committed, Unix ms by the clock of that replica. Absent from a server of the version before. */
  committedAtMs?: number
}
