// Timeouts of requests. A half-open connection never reports that it is lost.
import type { Clock } from '#shared/values/clock.ts'
import { RequestError } from './sync-transport.ts'

/** Enough for a push of 512 KB over a bad connection, and its commit. */
export const PUSH_TIMEOUT_MS = 45_000
/** Enough for a page of 20,000 rows over a bad connection. */
export const PULL_TIMEOUT_MS = 120_000

/**
 * Rejects if the answer takes longer than `ms`, or if `signal` aborts.
 * @throws {RequestError} on timeout, as if there was no answer
 */
export async function withTimeout<T>(
  answer: Promise<T>,
  { clock, ms, signal }: { clock: Clock; ms: number; signal: AbortSignal },
): Promise<T> {
  const done = new AbortController()
  const timeOut = async (): Promise<never> => {
    await clock.wait(ms, AbortSignal.any([signal, done.signal]))
    signal.throwIfAborted()
    throw new RequestError({})
  }
  try {
    return await Promise.race([answer, timeOut()])
  } finally {
    done.abort()
  }
}
