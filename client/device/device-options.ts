// The options of a device: a name, a person, and the clocks and randomness that a test or a simulation passes in.
import type { Actor } from './state/pending-mutations.ts'

export interface DeviceOptions {
  name: string
  actor: Actor
  now?: () => number
  /** Ms since an arbitrary time; never jumps. */
  monotonic?: () => number
  random?: () => Uint8Array
}

export function withDefaults(options: DeviceOptions): Required<DeviceOptions> {
  return {
    now: Date.now,
    monotonic: () => performance.now(),
    random: () => crypto.getRandomValues(new Uint8Array(10)),
    ...options,
  }
}
