// How long an answer is waited for: a connection that is half open never says that it is gone.
import type { Clock } from '#shared/values/clock.ts'
import { RequestError } from './sync-transport.ts'

/** A push of 512 KB over a bad connection, and its commit. */
export const PUSH_TIMEOUT_MS = 45_000
/** A page of 20,000 rows over a bad connection. */
export const PULL_TIMEOUT_MS = 120_000

/** An answer, unless it takes too long or the round ends. @throws {RequestError} as if nobody had answered */
export async function withTimeout<T>(
  answer: Promise<T>,
  { clock, ms, signal }: { clock: Clock; ms: number; signal: AbortSignal },
): Promise<T> {
  const done = new AbortController()
  const tooLong = async (): Promise<never> => {
    await clock.wait(ms, AbortSignal.any([signal, done.signal]))
    signal.throwIfAborted()
    throw new RequestError({})
  }
  try {
    return await Promise.race([answer, tooLong()])
  } finally {
    done.abort()
  }
}
