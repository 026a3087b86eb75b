// What sync needs from a server, and what a failed request means.
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { LiveMessage, PullAnswer, PullRequest, PushAnswer } from '#shared/protocol/wire.ts'

export interface PushRequest {
  clientId: string
  epoch: number
  /** The device's clock when the request is sent, Unix ms. The server corrects the stamps by it. */
  deviceNow: number
  mutations: Envelope[]
}

export interface LiveHandlers {
  message(message: LiveMessage): void
  /** The socket has opened or closed. `isMoved`: the server closed it and asks to reconnect, to another server. */
  open(isOpen: boolean, isMoved?: boolean): void
  /** The subscription was refused and has ended. */
  refused(code: string): void
}

/** The requests that sync sends. The simulation passes in its own. */
export interface SyncTransport {
  /**
   * `request` is called when it is sent, because getting a token may take time. No request is sent after `signal`
   * aborts.
   */
  push(request: () => PushRequest, signal?: AbortSignal): Promise<PushAnswer>
  pull(request: PullRequest, signal?: AbortSignal): Promise<PullAnswer>
  /** Subscribes to live messages; returns how to unsubscribe. */
  subscribe(request: { clientId: string; cursor: string | null }, handlers: LiveHandlers): () => void
}

/** Codes of 429 and 503: the server, or a proxy in front of it, asks to wait. */
const RETRY_LATER: ReadonlySet<string | undefined> = new Set(['busy', 'rate_limited', 'unavailable'])

/** A request that the server refused or that did not reach it. */
export class RequestError extends Error {
  /** A code of the catalogue; undefined if there was no answer. */
  readonly refusal: string | undefined
  readonly lastSeq: number | undefined
  readonly retryAfterMs: number | undefined
  /** The server's protocol version, if the answer names it. */
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
    this.name = 'RequestError'
    this.refusal = refusal
    this.lastSeq = lastSeq
    this.retryAfterMs = retryAfterMs
    this.protocol = protocol
  }

  get isRetryLater(): boolean {
    return RETRY_LATER.has(this.refusal)
  }
}

/** The refusal that the status of a proxy's own answer means. */
export function refusalOfStatus(status: number | undefined): string | undefined {
  if (status === 413) return 'too_large'
  if (status === 429) return 'rate_limited'
  return status !== undefined && status >= 500 ? 'unavailable' : undefined
}

/** Parses Retry-After: seconds, or a date (RFC 9110 §10.2.3). `now`: Unix ms. */
export function retryAfterMs(header: string | null | undefined, now: number): number | undefined {
  if (!header) return undefined
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}
