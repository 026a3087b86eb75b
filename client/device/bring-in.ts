// Takes in what waited on another device, or on this one before its data was lost, from the file in which it was saved:
// whole or not at all, without a connection too, each mutation under its own id and at its own time. Keeps D19.
import type { Envelope } from '#shared/mutations/envelope.ts'
import { CLOCK_TOLERANCE_MS, effectiveStamp, formatStamp, movedStamp, parseStamp } from '#shared/values/stamp.ts'
import { DeviceDatabase, type ScanRecord } from './database.ts'
import type { Device } from './device.ts'
import { Outbox, restamped } from './outbox.ts'

export interface Luggage {
  pending: readonly Envelope[]
  scans: readonly ScanRecord[]
  /** Of the device that saved it: the server's clock minus its own, and the history that its versions are of. */
  clockOffsetMs: number
  epoch: number
}

/** How much of it was not known here yet. */
export interface Brought {
  mutations: number
  scans: number
}

export async function bringIn(device: Device, luggage: Luggage, now: () => number = Date.now): Promise<Brought> {
  const { clockOffsetMs, epoch } = device.point.value
  const nowMs = now()
  const envelopes = luggage.pending.map((envelope) => {
    const { seen, ...unseen } = inOwnTime(envelope, { byMs: luggage.clockOffsetMs - clockOffsetMs, nowMs })
    // Versions are an epoch's own: in another one `seen` would name another commit.
    return seen !== undefined && luggage.epoch === epoch && epoch !== 0 ? { ...unseen, seen } : unseen
  })
  await device.identity() // made anew, where the storage was deleted under the open app
  const database = new DeviceDatabase(device.name)
  try {
    const outbox = new Outbox(database, { now, newId: () => '' }) // nothing here is given a new id
    const estimate = (at: string) => effectiveStamp(at, { serverNow: nowMs + clockOffsetMs, deviceNow: nowMs })
    const brought = await outbox.bring(envelopes, luggage.scans, estimate)
    if (!brought) throw new Error('this device keeps nothing')
    await device.tookIn()
    return brought
  } finally {
    database.close()
  }
}

/** A mutation at the time that this device's clock read when it was made; never later than now. */
function inOwnTime(envelope: Envelope, { byMs, nowMs }: { byMs: number; nowMs: number }): Envelope {
  const moved = Math.abs(byMs) > CLOCK_TOLERANCE_MS ? movedStamp(envelope.at, byMs) : envelope.at
  const { ms, ...rest } = parseStamp(moved)
  const at = ms > nowMs ? formatStamp({ ...rest, ms: nowMs }) : moved
  return at === envelope.at ? envelope : restamped(envelope, at)
}
