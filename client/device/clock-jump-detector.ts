// Notices that the wall clock was set: it no longer goes along with the monotonic one. Keeps T6.
import { CLOCK_TOLERANCE_MS } from '#shared/values/stamp.ts'

export interface ClockJump {
  /** How far the wall clock moved; negative where it was set back. */
  ms: number
  /** What it read at most before it moved, Unix ms. */
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
   * What happened since it was asked last; small differences add up until they count. A device that slept looks as if
   * its clock had been set forward, because the monotonic one slept too: who asks must find out which it was.
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
