// A batch: mutations of one device (or of the server's own work) that are decided together, and what became of them.
import type { Prepared } from '#shared/mutations/apply.ts'
import { prepare } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Conflict } from '#shared/rows/rows.ts'
import type { RequestRefusal } from '#shared/values/refusals.ts'
import type { Refusal } from '#shared/values/refuse.ts'

/** What somebody sends to be decided. */
export interface ReceivedBatch {
  userId: string
  /** The session that it came in by: it must still be good. The server's own work has none. */
  sessionId?: string
  clientId: string
  envelopes: Envelope[]
  /**
   * For a device: its numbering and its clock count. Left out for the server's own work (imports): it has neither, its
   * stamps stand as they are, and what it does to levels is told in one summary by whoever does it.
   */
  device?: { epoch: number; deviceNow: number; serverNow: number }
}

/** A batch whose mutations were parsed as they came, while others were still being committed. */
export interface Batch extends Omit<ReceivedBatch, 'envelopes'> {
  mutations: PreparedEnvelope[]
  /** What waits for what these bring is left for later: it may be that which failed. */
  isApart?: true
}

export interface PreparedEnvelope {
  envelope: Envelope
  prepared: Prepared | Refusal
  /** The refusal in which it waited, where it is decided again. */
  waitedIn?: Conflict
}

export function prepareBatch({ envelopes, ...batch }: ReceivedBatch): Batch {
  return { ...batch, mutations: envelopes.map((envelope) => ({ envelope, prepared: prepare(envelope) })) }
}

/** Refusals that are decided again, though nothing comes just now that they wait for. */
export function blockedBatch([first, ...rest]: [Conflict, ...Conflict[]]): Batch {
  const mutations = [first, ...rest].map((waitedIn) => {
    const envelope = JSON.parse(waitedIn.mutation) as Envelope
    return { envelope, prepared: prepare(envelope), waitedIn }
  })
  return { userId: first.userId, clientId: first.clientId, mutations }
}

export function wasBlocked({ mutations }: Batch): boolean {
  return mutations.some(({ waitedIn }) => waitedIn)
}

/** What became of a batch that was committed. */
export interface BatchAnswer {
  version: number
  lastSeq: number
  lastAt: string | null
  results: PushResult[]
}

/** A request that is refused as a whole. Nothing of it took effect. */
export class RequestRefusedError extends Error {
  readonly refusal: RequestRefusal
  readonly lastSeq: number | undefined

  constructor(refusal: RequestRefusal, lastSeq?: number) {
    super(refusal)
    this.name = 'RequestRefused'
    this.refusal = refusal
    this.lastSeq = lastSeq
  }
}
