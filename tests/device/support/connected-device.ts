// A real device with its real sync, against a server at some address.
import { randomUUID } from 'node:crypto'
import { signal } from '@preact/signals'
import { Device } from '../../../client/device/device.ts'
import { trpcTransport } from '../../../client/sync/trpc-transport.ts'
import { Sync } from '../../../client/sync/sync.ts'

export interface ConnectedDevice {
  device: Device
  sync: Sync
  stop(): Promise<void>
}

/**
 * Starts a device. `who.token` may change later, as after signing in again. `name` reopens the storage of an earlier
 * one.
 */
export async function startDevice(
  origin: string,
  who: { token: string; userId: string },
  { name = randomUUID(), session = sessionOf(who) }: { name?: string; session?: ReturnType<typeof sessionOf> } = {},
): Promise<ConnectedDevice> {
  const device = await Device.open({ name, actor: { userId: who.userId, role: 'manager' } })
  const sync = new Sync({ device, session, transport: trpcTransport(session, origin) })
  sync.start()
  return {
    device,
    sync,
    stop: async () => {
      await sync.stop()
      device.close()
    },
  }
}

/** A session that never expires. */
function sessionOf(who: { token: string }) {
  return { token: async (): Promise<string | undefined> => who.token, forgetToken: () => {}, expired: signal(false) }
}

/**
 * Starts this many devices and waits until each has all rows. Their cleanups are added to `cleanups`, which run last first.
 */
export async function startSyncedDevices(
  origin: string,
  count: number,
  { who, cleanups }: { who: { token: string; userId: string }; cleanups: (() => Promise<unknown>)[] },
): Promise<ConnectedDevice[]> {
  const devices = await Promise.all(Array.from({ length: count }, () => startDevice(origin, who)))
  for (const { stop } of devices) cleanups.push(stop)
  await until(() => devices.every(isSynced), 'the first sync', devices)
  return devices
}

/** Waits until the condition is true. Triggers a sync now and then, so that tests do not wait for a backoff. */
export async function until(
  holds: () => boolean,
  what: string,
  devices: readonly ConnectedDevice[] = [],
  withinMs = 45_000,
): Promise<void> {
  const end = Date.now() + withinMs
  for (let turn = 1; !holds(); turn++) {
    if (Date.now() > end)
      throw new Error(`not in ${withinMs / 1000} s: ${what}\n${devices.map(describeState).join('\n')}`)
    if (turn % 40 === 0) for (const { sync } of devices) sync.syncNow()
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** The state of a device, for the message of a failed test. */
function describeState({ device, sync }: ConnectedDevice): string {
  const { epoch, version, complete, cursor } = device.syncPoint.value
  return JSON.stringify({ ...sync.status.value, pending: device.pendingCount.value, epoch, version, complete, cursor })
}

export const isSynced = ({ device }: ConnectedDevice): boolean =>
  device.syncPoint.value.complete && device.pendingCount.value === 0
