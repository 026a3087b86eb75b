// Sends pending mutations, oldest first, in requests that the network path accepts. The tab and the service worker
// share it; the caller handles refusals. Keeps D15.
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushAnswer } from '#shared/protocol/wire.ts'
import { PUSH_MAX, PUSH_MAX_BYTES } from '#shared/protocol/limits.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Identity, OutboxEntry } from '../device/records.ts'
import type { Clock } from '#shared/values/clock.ts'
import { withTimeout, PUSH_TIMEOUT_MS } from './with-timeout.ts'
import type { SyncTransport } from './sync-transport.ts'
import { RequestError } from './sync-transport.ts'

/** The server's limit of 512 KB, minus room for the frame. */
const PUSH_BYTES = PUSH_MAX_BYTES - 4 * 1024
/**
 * Batches grow again by this much per request after a proxy rejected a size. Each try above the proxy's limit costs a
 * request.
 */
const GROWTH_BYTES = 16 * 1024

/** Where pending mutations are stored. */
export interface PushSource {
  identity(): Promise<Identity>
  after(seq: number, limit: number): Promise<OutboxEntry[]>
  storeResults(clientId: string, results: readonly PushResult[]): Promise<void>
}

/** The server's answer, with the client id that sent the mutations and how many it sent. */
export type PushOutcome = PushAnswer & { clientId: string; count: number }

/** A single mutation that the network path rejects as too large. */
export class MutationTooLargeError extends Error {
  readonly mutation: Envelope
  constructor(mutation: Envelope) {
    super('the network path rejects a mutation as too large')
    this.name = 'MutationTooLargeError'
    this.mutation = mutation
  }
}

export class Pusher {
  readonly #source: PushSource
  readonly #transport: Pick<SyncTransport, 'push'>
  readonly #clock: Clock
  /** The limits of the next request. They are halved if the network path rejects one as too large. */
  #max = PUSH_MAX
  #maxBytes = PUSH_BYTES

  constructor({
    source,
    transport,
    clock,
  }: {
    source: PushSource
    transport: Pick<SyncTransport, 'push'>
    clock: Clock
  }) {
    this.#source = source
    this.#transport = transport
    this.#clock = clock
  }

  /**
   * Sends the oldest mutations after a seq, as many as fit. Returns undefined if none is pending.
   * @throws {MutationTooLargeError}
   */
  async send(epoch: number, afterSeq: number, signal: AbortSignal): Promise<PushOutcome | undefined> {
    for (;;) {
      const { clientId } = await this.#source.identity()
      const { batch, bytes } = firstThatFit(await this.#source.after(afterSeq, this.#max), this.#maxBytes)
      if (batch.length === 0) return undefined
      try {
        const mutations = batch.map(({ envelope }) => envelope)
        const request = () => ({ clientId, epoch, deviceNow: this.#clock.now(), mutations })
        const timeout = { clock: this.#clock, ms: PUSH_TIMEOUT_MS, signal }
        const answer = await withTimeout(this.#transport.push(request, signal), timeout)
        await this.#source.storeResults(clientId, answer.results)
        this.#max = PUSH_MAX
        this.#maxBytes = Math.min(PUSH_BYTES, this.#maxBytes + GROWTH_BYTES)
        // A copy of this device may have sent more. That does not acknowledge anything that is pending here.
        return {
          ...answer,
          clientId,
          count: batch.length,
          lastSeq: Math.min(answer.lastSeq, batch.at(-1)!.envelope.seq),
        }
      } catch (error) {
        if (!isTooLarge(error)) throw error
        if (batch.length === 1) throw new MutationTooLargeError(batch[0]!.envelope)
        if (error.refusal === 'too_large') this.#maxBytes = Math.floor(bytes / 2)
        else this.#max = Math.floor(batch.length / 2)
      }
    }
  }
}

function isTooLarge(error: unknown): error is RequestError {
  return error instanceof RequestError && (error.refusal === 'too_large' || error.refusal === 'too_many')
}

const utf8 = new TextEncoder()

/** As many of the oldest as fit into one request, and at least one. */
function firstThatFit(entries: OutboxEntry[], maxBytes: number): { batch: OutboxEntry[]; bytes: number } {
  let bytes = 0
  let count = 0
  for (const { envelope } of entries) {
    const size = utf8.encode(JSON.stringify(envelope)).length + 1 // plus a comma
    if (count > 0 && bytes + size > maxBytes) break
    bytes += size
    count += 1
  }
  return { batch: entries.slice(0, count), bytes }
}
