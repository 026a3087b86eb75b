import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import type { MutationName, Mutations } from '#shared/mutations/verbs.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { stampDevice } from '#shared/values/stamp.ts'
import { Device } from '../../client/device/device.ts'
import { MemoryWorkingSet } from '../support/working-set/memory-working-set.ts'
import { describeWorkingSet } from './suite.ts'

describeWorkingSet('a device', async () => {
  const userId = randomUUID()
  const device = await Device.open({ name: randomUUID(), actor: { userId, role: 'manager' } })
  // A working set in memory decides what the device records, as the server would. `sync` sends its rows to the device.
  const server = new MemoryWorkingSet(userId, stampDevice((await device.queue.identity()).clientId))
  let version = 0
  return {
    do: async (name, args) => {
      const outcome = await device.record(name as MutationName, args as Mutations[MutationName])
      if (!outcome.saved) return { id: '', status: 'refused', code: outcome.refusal.code }
      server.do(name, args, outcome.id)
      return { id: outcome.id, status: outcome.note === undefined ? 'applied' : 'merged', code: outcome.note }
    },
    row: async <K extends Kind>(kind: K, key: string) => device.queries.row(kind, key) as Row<K> | undefined,
    sync: async () => {
      version += 1
      const point = { ...device.syncPoint.value, cursor: String(version), epoch: 1, version, complete: true }
      await device.applyUpdate({
        tables: server.tables(version),
        point,
        lastSeq: Number.MAX_SAFE_INTEGER,
        clientId: (await device.queue.identity()).clientId,
      })
    },
  }
})
