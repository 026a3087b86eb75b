/** Rings once after `ms`, unless it is called off by what it returns. A simulation gives another one. */
export type Alarm = (ms: number, ring: () => void) => () => void

/** Keeps no process alive. */
export const realAlarm: Alarm = (ms, ring) => {
  const timer = setTimeout(ring, ms).unref()
  return () => clearTimeout(timer)
}
