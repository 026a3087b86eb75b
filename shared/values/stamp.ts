// Stamps: hybrid logical timestamps as text, in an order that bytewise comparison keeps. Keeps T1–T5.
// After Kulkarni et al., "Logical Physical Clocks" (2014): wall time, then a counter, then who.

const COUNTER_MAX = 0xffff
/** More does not fit into the twelve digits by which stamps compare. */
const MS_MAX = 2 ** 48 - 1

export interface StampParts {
  ms: number
  counter: number
  device: string
}

/** How far device and server may differ before stamps are corrected: below it the difference is mostly the network's. */
export const CLOCK_TOLERANCE_MS = 2_000

/** Before every real stamp. */
export const STAMP_ZERO = '000000000000-0000-00000000'

export function formatStamp({ ms, counter, device }: StampParts): string {
  return `${ms.toString(16).padStart(12, '0')}-${counter.toString(16).padStart(4, '0')}-${device}`
}

export function parseStamp(stamp: string): StampParts {
  return { ms: stampMs(stamp), counter: Number.parseInt(stamp.slice(13, 17), 16), device: stamp.slice(18) }
}

/** The wall-clock part, Unix ms. */
export function stampMs(stamp: string): number {
  return Number.parseInt(stamp.slice(0, 12), 16)
}

/** The device's part of a stamp: eight hex digits of its client id. */
export function stampDevice(clientId: string): string {
  return clientId.replaceAll('-', '').slice(-8)
}

/** The next stamp of a device: its clock's reading, or just after its last stamp where the clock stands or went back. */
export function nextStamp(last: string | undefined, nowMs: number, device: string): string {
  const candidate = formatStamp({ ms: nowMs, counter: 0, device })
  return last !== undefined && candidate <= last ? justAfter(last, device) : candidate
}

/** A further stamp of the same device, moved as its mutation's stamp was: from `madeAt` to `at`. */
export function shiftStampMs(stamp: string, { at, madeAt }: { at: string; madeAt: string }): string {
  return shiftStamp(stamp, stampMs(at) - stampMs(madeAt))
}

/** A stamp of a clock that was set: moved along with it. */
export function shiftStamp(stamp: string, byMs: number): string {
  const { ms, ...rest } = parseStamp(stamp)
  return formatStamp({ ...rest, ms: Math.min(Math.max(0, Math.round(ms + byMs)), MS_MAX) })
}

export interface Correction {
  /** The server's clock when the request's head arrived, Unix ms. */
  serverNow: number
  /** The device's clock when it sent the request, Unix ms. */
  deviceNow: number
  /** When the version was committed that the device had seen as it made the mutation, Unix ms. */
  seenAt?: number | undefined
  /** The effective stamp of the device's mutation before this one. */
  last?: string | undefined
}

/**
 * The effective stamp: where in time the server places what a device stamped `at`. The device's error is taken out
 * when it exceeds the tolerance; then not after now, not before what the device had seen, and after its last one.
 */
export function effectiveStamp(at: string, { serverNow, deviceNow, seenAt, last }: Correction): string {
  const { ms, counter, device } = parseStamp(at)
  const skew = Math.round(serverNow - deviceNow) // some clocks tell parts of milliseconds, stamps have none
  const corrected = Math.abs(skew) > CLOCK_TOLERANCE_MS ? ms + skew : ms
  const placed = Math.max(Math.min(corrected, serverNow), seenAt ?? 0, 0)
  const candidate =
    placed === ms ? at : formatStamp({ ms: placed, counter: placed === corrected ? counter : 0, device })
  return last !== undefined && candidate <= last ? justAfter(last, device) : candidate
}

/** The least stamp of a device that is greater than `stamp`. A full counter carries into the milliseconds. */
function justAfter(stamp: string, device: string): string {
  const { ms, counter } = parseStamp(stamp)
  if (counter < COUNTER_MAX) return formatStamp({ ms, counter: counter + 1, device })
  return formatStamp({ ms: ms + 1, counter: 0, device })
}
