// What synchronisation asks of a server, and what the refusals of one mean to it.
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { LiveMessage, PullAnswer, PullRequest, PushAnswer } from '#shared/protocol/wire.ts'

export interface PushRequest {
  clientId: string
  epoch: number
  /** What the device's clock reads at sending: what was stamped by it is as old as that clock says. */
  deviceNow: number
  mutations: Envelope[]
}

export interface LiveHandlers {
  message(message: LiveMessage): void
  /** The socket is open, or closed: by the server's word, where it sends its sockets elsewhere. */
  open(isOpen: boolean, isMoved?: boolean): void
  /** The subscription was refused; it has ended. */
  refused(code: string): void
}

/** What synchronisation asks of a server. The simulation gives it another one. */
export interface SyncTransport {
  /** `request` is asked for when it is sent: a token may take its time. Nothing is asked any more once `signal` aborts. */
  push(request: () => PushRequest, signal?: AbortSignal): Promise<PushAnswer>
  pull(request: PullRequest, signal?: AbortSignal): Promise<PullAnswer>
  /** Begins to listen; returns how to end. */
  subscribe(request: { clientId: string; cursor: string | null }, handlers: LiveHandlers): () => void
}

/** Codes of 429 and 503: the server, or a proxy before it, asks for time. */
const ASKS_FOR_TIME: ReadonlySet<string | undefined> = new Set(['busy', 'rate_limited', 'unavailable'])

/** A request that the server refused, or that did not reach it. */
export class RequestError extends Error {
  /** A code of the catalogue; undefined where nobody answered. */
  readonly refusal: string | undefined
  readonly lastSeq: number | undefined
  readonly retryAfterMs: number | undefined
  /** The server's version of the contract, where it said so. */
  readonly protocol: number | undefined

  constructor({
    refusal,
    lastSeq,
    retryAfterMs,
    protocol,
  }: {
    refusal?: string | undefined
    lastSeq?: number | undefined
    retryAfterMs?: number | undefined
    protocol?: number | undefined
  }) {
    super(refusal ?? 'no answer')
    this.name = 'LinkFailure'
    this.refusal = refusal
    this.lastSeq = lastSeq
    this.retryAfterMs = retryAfterMs
    this.protocol = protocol
  }

  get isRetryLater(): boolean {
    return ASKS_FOR_TIME.has(this.refusal)
  }
}

/** What a proxy means that answers in the server's place, in words of its own. */
export function refusalOfStatus(status: number | undefined): string | undefined {
  if (status === 413) return 'too_large'
  if (status === 429) return 'rate_limited'
  return status !== undefined && status >= 500 ? 'unavailable' : undefined
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
