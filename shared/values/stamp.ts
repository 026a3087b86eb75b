// Stamps: hybrid logical timestamps as text that sorts correctly byte by byte. Keeps T1–T5.
// After Kulkarni et al., "Logical Physical Clocks" (2014): wall time, then a counter, then the device.

const COUNTER_MAX = 0xffff
/** The largest time that fits into the twelve hex digits of a stamp. */
const MS_MAX = 2 ** 48 - 1

export interface StampParts {
  ms: number
  counter: number
  device: string
}

/** Clock differences up to this are not corrected, because they come mostly from the network. */
export const CLOCK_TOLERANCE_MS = 2_000

/** Sorts before every real stamp. */
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

/** The next stamp of a device: its clock's time, or just after its last stamp if the clock did not advance. */
export function nextStamp(last: string | undefined, nowMs: number, device: string): string {
  const candidate = formatStamp({ ms: nowMs, counter: 0, device })
  return last !== undefined && candidate <= last ? justAfter(last, device) : candidate
}

/** Shifts another stamp of the same mutation as its own stamp was shifted, from `madeAt` to `at`. */
export function shiftStampMs(stamp: string, { at, madeAt }: { at: string; madeAt: string }): string {
  return shiftStamp(stamp, stampMs(at) - stampMs(madeAt))
}

/** Shifts a stamp by as much as the clock was set. */
export function shiftStamp(stamp: string, byMs: number): string {
  const { ms, ...rest } = parseStamp(stamp)
  return formatStamp({ ...rest, ms: Math.min(Math.max(0, Math.round(ms + byMs)), MS_MAX) })
}

export interface Correction {
  /** The server's clock when the request's head arrived, Unix ms. */
  serverNow: number
  /** The device's clock when it sent the request, Unix ms. */
  deviceNow: number
  /** The commit time of the version that the device had when it made the mutation, Unix ms. */
  seenAt?: number | undefined
  /** The effective stamp of the device's mutation before this one. */
  last?: string | undefined
}

/**
 * The effective stamp of a mutation that a device stamped `at`. Corrects the device's clock error if it exceeds the
 * tolerance. The result is never after now, never before what the device had seen, and after the device's last stamp.
 */
export function effectiveStamp(at: string, { serverNow, deviceNow, seenAt, last }: Correction): string {
  const { ms, counter, device } = parseStamp(at)
  const skew = Math.round(serverNow - deviceNow) // some clocks have fractions of milliseconds, stamps do not
  const corrected = Math.abs(skew) > CLOCK_TOLERANCE_MS ? ms + skew : ms
  const placed = Math.max(Math.min(corrected, serverNow), seenAt ?? 0, 0)
  const candidate =
    placed === ms ? at : formatStamp({ ms: placed, counter: placed === corrected ? counter : 0, device })
  return last !== undefined && candidate <= last ? justAfter(last, device) : candidate
}

/** The smallest stamp of a device that is greater than `stamp`. A full counter carries into the milliseconds. */
function justAfter(stamp: string, device: string): string {
  const { ms, counter } = parseStamp(stamp)
  if (counter < COUNTER_MAX) return formatStamp({ ms, counter: counter + 1, device })
  return formatStamp({ ms: ms + 1, counter: 0, device })
}
