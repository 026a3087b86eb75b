// A device in the field: the real device code and its real synchronisation, against a server at some address.
import { randomUUID } from 'node:crypto'
import { signal } from '@preact/signals'
import { Device } from '../../client/device/device.ts'
import { trpcTransport } from '../../client/sync/trpc-transport.ts'
import { Sync } from '../../client/sync/sync.ts'

export interface FieldDevice {
  device: Device
  sync: Sync
  leave(): Promise<void>
}

/** `who` may get another token later, as somebody does who signs in again. `name` is one that was out before. */
export async function sendOut(
  origin: string,
  who: { token: string; userId: string },
  { name = randomUUID(), session = sessionOf(who) }: { name?: string; session?: ReturnType<typeof sessionOf> } = {},
): Promise<FieldDevice> {
  const device = await Device.open({ name, actor: { userId: who.userId, role: 'manager' } })
  const sync = new Sync({ device, session, transport: trpcTransport(session, origin) })
  sync.start()
  return {
    device,
    sync,
    leave: async () => {
      await sync.stop()
      device.close()
    },
  }
}

/** A session that never ends. */
function sessionOf(who: { token: string }) {
  return { token: async (): Promise<string | undefined> => who.token, forgetToken: () => {}, expired: signal(false) }
}

/** So many devices, each of which holds everything. `ends` gets what is to be undone, last first. */
export async function sendOutSynced(
  origin: string,
  count: number,
  { who, ends }: { who: { token: string; userId: string }; ends: (() => Promise<unknown>)[] },
): Promise<FieldDevice[]> {
  const devices = await Promise.all(Array.from({ length: count }, () => sendOut(origin, who)))
  for (const { leave } of devices) ends.push(leave)
  await until(() => devices.every(isSettled), 'the first sync', devices)
  return devices
}

/** Waits until it holds. Asks the devices to try now and then: nobody waits half a minute for a backoff in a test. */
export async function until(
  holds: () => boolean,
  what: string,
  devices: readonly FieldDevice[] = [],
  withinMs = 45_000,
): Promise<void> {
  const end = Date.now() + withinMs
  for (let turn = 1; !holds(); turn++) {
    if (Date.now() > end) throw new Error(`not in ${withinMs / 1000} s: ${what}\n${devices.map(standing).join('\n')}`)
    if (turn % 40 === 0) for (const { sync } of devices) sync.syncNow()
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** How a device stands: for whoever reads why a test failed. */
function standing({ device, sync }: FieldDevice): string {
  const { epoch, version, complete, cursor } = device.syncPoint.value
  return JSON.stringify({ ...sync.status.value, waiting: device.pendingCount.value, epoch, version, complete, cursor })
}

export const isSettled = ({ device }: FieldDevice): boolean =>
  device.syncPoint.value.complete && device.pendingCount.value === 0
