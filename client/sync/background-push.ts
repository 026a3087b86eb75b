// Pushes pending mutations while no tab is open. It never pulls: acknowledgements, refusals and restores are left to a
// tab. It holds the lock of the leading tab, so that the two never push at once. Keeps D16.
import type { DeviceDatabase } from '../device/storage/database.ts'
import { Outbox } from '../device/outbox/outbox.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import { lockName, type Locks } from './lock-name.ts'
import { Pusher, MutationTooLargeError } from './pusher.ts'
import type { SyncTransport } from './sync-transport.ts'
import { RequestError } from './sync-transport.ts'

/** Resolves when everything is sent, or when the rest needs a tab. @throws if another attempt could succeed */
export async function pushInBackground(
  database: DeviceDatabase,
  transport: Pick<SyncTransport, 'push'>,
  { clock = systemClock, locks = navigator.locks }: { clock?: Clock; locks?: Pick<Locks, 'request'> } = {},
): Promise<void> {
  const name = lockName(database.name)
  await locks.request(name, { ifAvailable: true }, async (lock) => {
    if (!lock) return // an open tab pushes
    try {
      await push(database, transport, clock)
    } finally {
      database.close()
    }
  })
}

async function push(database: DeviceDatabase, transport: Pick<SyncTransport, 'push'>, clock: Clock): Promise<void> {
  const { point, identity, unresolvedJump, paused } = await readState(database)
  if (!point || point.epoch === 0 || !identity || unresolvedJump || paused) return
  const outbox = new Outbox(database, { now: clock.now, newId: () => identity.clientId })
  if (await outbox.jumpBehindLastStamp()) return // the clock was set: a tab has to shift the stamps first
  const source = {
    identity: async () => identity,
    after: (seq: number, limit: number) => outbox.after(seq, limit),
    storeResults: outbox.storeResults.bind(outbox),
  }
  const { signal } = new AbortController() // the browser ends requests that take too long
  const pusher = new Pusher({ source, transport, clock })
  try {
    for (let sentTo: number | undefined = 0; sentTo !== undefined;)
      sentTo = (await pusher.send(point.epoch, sentTo, signal))?.lastSeq
  } catch (error) {
    if (!(error instanceof MutationTooLargeError) && !needsTab(error)) throw error
  }
}

/** What decides whether anything can be sent without a tab, from one snapshot. */
export async function readState(database: DeviceDatabase) {
  const [point, identity, unresolvedJump, paused] = await database.transaction('r', database.meta, () =>
    Promise.all([
      database.readMeta('point'),
      database.readMeta('identity'),
      database.readMeta('clockDoubt'),
      database.readMeta('paused'),
    ]),
  )
  return { point, identity, unresolvedJump, paused }
}

/** Returns true for a refusal that needs more than another attempt. */
function needsTab(error: unknown): boolean {
  return error instanceof RequestError && error.refusal !== undefined && !error.isRetryLater
}
