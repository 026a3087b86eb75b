/** Rings once after `ms`, unless it is called off by what it returns. A simulation gives another one. */
export type Timer = (ms: number, ring: () => void) => () => void

/** Keeps no process alive. */
export const systemTimer: Timer = (ms, ring) => {
  const timer = setTimeout(ring, ms).unref()
  return () => clearTimeout(timer)
}
