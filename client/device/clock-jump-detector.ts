// Detects that the wall clock was set, by comparing it with the monotonic clock. Keeps T6.
import { CLOCK_TOLERANCE_MS } from '#shared/values/stamp.ts'

export interface ClockJump {
  /** How far the wall clock moved; negative if it was set back. */
  ms: number
  /** The latest time that it showed before the jump, Unix ms. */
  beforeMs: number
}

export class ClockJumpDetector {
  readonly #now: () => number
  readonly #monotonic: () => number
  #last: { wall: number; monotonic: number } | undefined

  constructor({ now, monotonic }: { now: () => number; monotonic: () => number }) {
    this.#now = now
    this.#monotonic = monotonic
  }

  /**
   * Returns the jump since the last call. Small differences add up until they exceed the tolerance. A device that slept
   * looks as if its clock had been set forward, because the monotonic clock slept too; the caller must find out which
   * it was.
   */
  jump(): ClockJump | undefined {
    const [wall, monotonic] = [this.#now(), this.#monotonic()]
    const last = (this.#last ??= { wall, monotonic })
    const beforeMs = last.wall + (monotonic - last.monotonic)
    const ms = wall - beforeMs
    if (Math.abs(ms) <= CLOCK_TOLERANCE_MS) return undefined
    this.#last = { wall, monotonic }
    return { ms, beforeMs }
  }
}
