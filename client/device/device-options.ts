// What a device is made of: a name, a person, and the time and chance that a test or a simulation hands in.
import type { Actor } from './state/pending-mutations.ts'

export interface DeviceOptions {
  name: string
  actor: Actor
  now?: () => number
  /** Ms since some moment; it never jumps. */
  monotonic?: () => number
  random?: () => Uint8Array
}

export function withDefaults(parts: DeviceOptions): Required<DeviceOptions> {
  return {
    now: Date.now,
    monotonic: () => performance.now(),
    random: () => crypto.getRandomValues(new Uint8Array(10)),
    ...parts,
  }
}
