// Bugs in how a device communicates with the server, and its tabs with each other.
import { effect } from '@preact/signals'
import type { Device } from '../../../client/device/device.ts'
import type { PushQueue } from '../../../client/device/outbox/push-queue.ts'
import type { PushOutcome, PushSource } from '../../../client/sync/pusher.ts'
import { alter, type Change, type PlantedBug, replaceClass, replaceEntry, wrapFunction, wrapMethod } from './plant.ts'

const backgroundPush = () => import('../../../client/sync/background-push.ts')
const device = () => import('../../../client/device/device.ts')
const persisting = () => import('../../../client/device/storage/persist-update.ts')
const replicator = () => import('../../../client/sync/replicator.ts')
const pusher = () => import('../../../client/sync/pusher.ts')
const signals = () => import('../../../client/sync/on-change.ts')
const syncState = () => import('../../../client/sync/sync-state.ts')
const tabs = () => import('../../../client/sync/tab-coordinator.ts')
const updates = () => import('../../../client/device/sync-update.ts')

export const SYNC_BUGS: PlantedBug[] = [
  {
    name: 'a page of a pull is shown as a whole version',
    rules: [1, 3, 5, 6, 13],
    seed: 6,
    changes: [
      wrapMethod(
        device,
        'Device',
        'applyUpdate',
        (applyUpdate) =>
          function (update) {
            return applyUpdate.call(this, alter(update, { point: alter(update.point, { complete: true }) }))
          },
      ),
    ],
  },
  {
    name: 'the cursor moves when a push is answered',
    rules: [1, 3, 5, 6, 13],
    seed: 2,
    changes: [
      ...afterPush(async ({ syncPoint }, answer) => {
        syncPoint.value = alter(syncPoint.value, { version: answer.version })
        return answer
      }),
    ],
  },
  {
    name: 'the outbox is cleared when a push is answered',
    rules: [5],
    seed: 2,
    changes: [
      ...afterPush(async (pushing, answer) => {
        const { lastSeq, clientId } = answer
        await pushing.applyUpdate({ tables: {}, point: pushing.syncPoint.value, lastSeq, clientId })
        return answer
      }),
    ],
  },
  {
    name: 'a live message is applied although updates before it are missing',
    rules: [3, 5, 13],
    seed: 6,
    changes: [
      wrapFunction(
        updates,
        'isNextUpdate',
        (isNextUpdate) => (message, point) => isNextUpdate(alter(message, { from: point.version }), point),
      ),
    ],
  },
  {
    name: 'a leader that was replaced continues',
    rules: [13],
    seed: 6,
    changes: [
      wrapFunction(tabs, 'coordinateTabs', (coordinateTabs) => (parts) => {
        const left = new AbortController()
        const joined = coordinateTabs(
          alter(parts, { startLeading: () => parts.startLeading(left.signal), startFollowing: () => undefined }),
        )
        return {
          broadcastStatus: () => joined.broadcastStatus(),
          sendToLeader: (command) => joined.sendToLeader(command),
          leave: () => {
            joined.leave()
            left.abort()
          },
        }
      }),
    ],
  },
  {
    name: 'a tab shows the status of a leader that no longer answers',
    rules: [13],
    seed: 83,
    changes: [
      wrapFunction(
        tabs,
        'coordinateTabs',
        (coordinateTabs) => (parts) =>
          coordinateTabs(alter(parts, { statusReceived: (status) => status && parts.statusReceived(status) })),
      ),
    ],
  },
  {
    name: 'the app shows "online" before the server has answered',
    rules: [12],
    seed: 1,
    changes: [replaceEntry(syncState, 'DISPLAYED_STATE', 'connecting', 'online')],
  },
  {
    name: 'a device that is offline never tries again',
    rules: [6],
    seed: 1,
    changes: [replaceEntry(syncState, 'WAIT_MS', 'offline', () => Number.POSITIVE_INFINITY)],
  },
  {
    name: 'the service worker pushes although the person works offline',
    rules: [12],
    seed: 44,
    changes: [
      wrapFunction(
        backgroundPush,
        'readState',
        (readState) => async (database) => alter(await readState(database), { paused: false }),
      ),
    ],
  },
  {
    name: 'a change of the status runs the sync loop that shows it',
    rules: [6],
    seed: 3,
    changes: [
      wrapFunction(
        signals,
        'onChange',
        () => (condition, action) =>
          effect(() => {
            if (condition()) action()
          }),
      ),
    ],
  },
  {
    name: 'an answer to a client id that was given up counts for the new one',
    rules: [1],
    seed: 96,
    changes: [
      wrapFunction(persisting, 'persistUpdate', (persistUpdate) => async (storage, update, doneOf) => {
        const { clientId = '' } = (await storage.database.readMeta('identity')) ?? {}
        return persistUpdate(storage, alter(update, { update: alter(update.update, { clientId }) }), doneOf)
      }),
      ...afterPush(async (pushing, answer) => alter(answer, { clientId: (await pushing.queue.identity()).clientId })),
    ],
  },
]

/** Does something more when the push of a tab is answered. The service worker pushes from an outbox without a device. */
function afterPush(act: (device: Device, answer: PushOutcome) => Promise<PushOutcome>): Change[] {
  const pushing = replaceClass(
    pusher,
    'Pusher',
    (Pusher) =>
      class extends Pusher {
        readonly source: PushSource

        constructor(parts: ConstructorParameters<typeof Pusher>[0]) {
          super(parts)
          this.source = parts.source
        }

        override async send(
          ...request: Parameters<InstanceType<typeof Pusher>['send']>
        ): Promise<PushOutcome | undefined> {
          const answer = await super.send(...request)
          const device = devices.get(this.source as PushQueue)
          return answer && device ? act(device, answer) : answer
        }
      },
  )
  return [rememberDevices(), pushing]
}

/** The devices that synchronise, by their queues. */
const devices = new WeakMap<PushQueue, Device>()

function rememberDevices(): Change {
  return replaceClass(
    replicator,
    'Replicator',
    (Replicator) =>
      class extends Replicator {
        constructor(options: ConstructorParameters<typeof Replicator>[0]) {
          super(options)
          devices.set(options.device.queue, options.device)
        }
      },
  )
}
