/** Calls `fire` once after `ms`. Returns a function that cancels it. The simulation passes in its own timer. */
export type Timer = (ms: number, fire: () => void) => () => void

/** Does not keep the process running. */
export const systemTimer: Timer = (ms, fire) => {
  const timer = setTimeout(fire, ms).unref()
  return () => clearTimeout(timer)
}
