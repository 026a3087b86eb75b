import type { RequestRefusal } from '#shared/values/refusals.ts'
import { requestRefusals } from '#shared/values/refusals.ts'

/** A 503 without a longer wait of its own. */
const UNAVAILABLE_WAIT_S = 2

/** A request that is refused as a whole. Nothing of it took effect. Any module may throw it; api/ answers it. */
export class RequestRefusedError extends Error {
  override readonly name = 'RequestRefusedError'
  readonly refusal: RequestRefusal
  /** The HTTP status of the answer. */
  readonly status: number
  /** The highest seq of the sending device that the server has decided, if that is known. */
  readonly lastSeq: number | undefined
  /** How long the sender should wait before it tries again, in seconds. */
  readonly retryAfterS: number | undefined

  constructor(
    refusal: RequestRefusal,
    { lastSeq, retryAfterS, cause }: { lastSeq?: number | undefined; retryAfterS?: number; cause?: unknown } = {},
  ) {
    const { status, cause: message } = requestRefusals[refusal]
    super(message, { cause })
    this.refusal = refusal
    this.status = status
    this.lastSeq = lastSeq
    this.retryAfterS = retryAfterS ?? (status === 503 ? UNAVAILABLE_WAIT_S : undefined)
  }
}
