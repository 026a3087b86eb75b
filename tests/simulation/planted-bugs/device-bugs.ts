// Bugs in what a device stores.
import { derivedId } from '#shared/values/id.ts'
import { alter, type PlantedBug, wrapFunction, wrapMethod } from './plant.ts'

const device = () => import('../../../client/device/device.ts')
const deviceStorage = () => import('../../../client/device/storage/device-storage.ts')
const outbox = () => import('../../../client/device/outbox/outbox.ts')
const persisting = () => import('../../../client/device/storage/persist-update.ts')
const rowStore = () => import('../../../client/device/storage/confirmed-rows-store.ts')

/** The id of the mutation that is being stored. */
let storing: string | undefined

export const DEVICE_BUGS: PlantedBug[] = [
  {
    name: 'a new start with the server deletes the outbox',
    rules: [1, 6],
    seed: 2,
    changes: [
      wrapFunction(
        deviceStorage,
        'resetSyncPoint',
        (resetSyncPoint) => (database, renew) =>
          resetSyncPoint(database, async (clockOffsetMs) => {
            const renewed = await renew(clockOffsetMs)
            await database.outbox.clear()
            return renewed
          }),
      ),
    ],
  },
  {
    name: 'acknowledged mutations stay in the outbox',
    rules: [5, 6, 13],
    seed: 1,
    changes: [wrapMethod(outbox, 'Outbox', 'dequeue', () => async () => undefined)],
  },
  {
    name: 'a mutation is reported as saved before it is stored',
    rules: [1, 6, 13],
    seed: 18,
    changes: [
      wrapMethod(
        outbox,
        'Outbox',
        'enqueue',
        (enqueue) =>
          function (making) {
            storing = making.id
            return enqueue.call(this, making)
          },
      ),
      wrapMethod(
        device,
        'Device',
        'record',
        (record) =>
          function (...mutation) {
            storing = undefined
            const recorded = record.apply(this, mutation) // begins to store before it returns, unless it is refused
            if (storing === undefined) return recorded
            recorded.catch(() => undefined)
            return Promise.resolve({ saved: true, id: storing })
          },
      ),
    ],
  },
  {
    name: 'a renumbered outbox gives its mutations new ids',
    rules: [1, 5],
    seed: 2,
    changes: [
      wrapFunction(outbox, 'renumber', (renumber) => (entry, numbering) => {
        const renumbered = renumber(entry, numbering)
        const id = derivedId(renumbered.envelope.id, 'renumbered')
        return alter(renumbered, { envelope: alter(renumbered.envelope, { id }) })
      }),
    ],
  },
  {
    name: 'the newest row is lost when the log is folded into the chunks',
    rules: [3, 5, 6],
    seed: 1,
    changes: [
      wrapMethod(rowStore, 'ConfirmedRowsStore', 'fitsLog', () => () => false), // a simulated log would hardly ever be full
      wrapMethod(
        rowStore,
        'ConfirmedRowsStore',
        'foldLog',
        (foldLog) =>
          function (planned) {
            return foldLog.call(this, planned.slice(0, -1))
          },
      ),
    ],
  },
  {
    name: 'an update is shown although the disk failed to store it',
    rules: [13],
    seed: 18,
    changes: [
      wrapFunction(
        persisting,
        'persistUpdate',
        (persistUpdate) =>
          (...update) =>
            persistUpdate(...update).catch(() => []),
      ),
    ],
  },
]
