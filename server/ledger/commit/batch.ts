// A batch: mutations of one device (or of the server itself) that are decided together, and its answer.
import type { Prepared } from '#shared/mutations/apply.ts'
import { prepare } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Conflict } from '#shared/rows/rows.ts'
import type { Refusal } from '#shared/values/refuse.ts'

/** A batch as its sender gives it. */
export interface ReceivedBatch {
  userId: string
  /** The session of the sender, which must still be valid. The server's own batches have none. */
  sessionId?: string
  clientId: string
  envelopes: Envelope[]
  /**
   * Present for a device, whose numbering and clock are checked. The server's own batches (imports) have neither: their
   * stamps are used unchanged, and their effect on levels is reported once, by the module that sends them.
   */
  device?: { epoch: number; deviceNow: number; serverNow: number }
}

/** A batch with its mutations parsed. They are parsed on arrival, while other batches are being committed. */
export interface Batch extends Omit<ReceivedBatch, 'envelopes'> {
  mutations: PreparedEnvelope[]
  /** Do not decide blocked mutations in the same commit. One of them may have caused a failure before. */
  withoutBlocked?: true
}

export interface PreparedEnvelope {
  envelope: Envelope
  prepared: Prepared | Refusal
  /** The refusal that stores the mutation, if it is a blocked one that is decided again. */
  storedIn?: Conflict
}

export function prepareBatch({ envelopes, ...batch }: ReceivedBatch): Batch {
  return { ...batch, mutations: envelopes.map((envelope) => ({ envelope, prepared: prepare(envelope) })) }
}

/** A batch of blocked mutations, to be decided again without new mutations. */
export function blockedBatch([first, ...rest]: [Conflict, ...Conflict[]]): Batch {
  const mutations = [first, ...rest].map((storedIn) => {
    const envelope = JSON.parse(storedIn.mutation) as Envelope
    return { envelope, prepared: prepare(envelope), storedIn }
  })
  return { userId: first.userId, clientId: first.clientId, mutations }
}

export function isBlockedBatch({ mutations }: Batch): boolean {
  return mutations.some(({ storedIn }) => storedIn)
}

/** The answer to a batch that was committed. */
export interface BatchAnswer {
  version: number
  lastSeq: number
  lastAt: string | null
  results: PushResult[]
}
