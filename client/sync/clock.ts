// All that synchronisation knows of time and chance, handed in: a simulation gives it another one.

export interface Clock {
  /** The wall clock, Unix ms. It may jump. */
  now(): number
  /** Ms since some moment; it never jumps. */
  monotonic(): number
  /** Resolves after `ms`, or as soon as the signal aborts; `Infinity` waits for the signal alone. Never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
  /** Evenly from 0 to below 1. */
  random(): number
}

/** A timer of browsers holds no more. */
const TIMER_MAX_MS = 2 ** 31 - 1

export const browserClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => Math.random(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = Number.isFinite(ms) ? setTimeout(done, Math.min(ms, TIMER_MAX_MS)) : undefined
      signal?.addEventListener('abort', done)
    }),
}
