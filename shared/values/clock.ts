// Time and chance, passed in: the client, the server and the simulation each use one clock, so that a test can replace it.

export interface Clock {
  /** The wall clock, Unix ms. It may jump. */
  now(): number
  /** Ms since some moment. It never jumps. */
  monotonic(): number
  /** Resolves after `ms`, or when the signal aborts. `Infinity` waits for the signal only. Never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void>
  /** A random number from 0 to below 1, evenly distributed. */
  random(): number
}

/** The longest delay of setTimeout, in browsers and in Node. */
const TIMER_MAX_MS = 2 ** 31 - 1

export const systemClock: Clock = {
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
