import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { Device } from '../../client/device/device.ts'
import { describeBook } from './suite.ts'

describeBook('a device', async () => {
  const device = await Device.open({ name: randomUUID(), actor: { userId: randomUUID(), role: 'manager' } })
  return {
    do: async (name, args) => {
      const outcome = await device.record(name, args)
      if (!outcome.saved) return { id: '', status: 'refused', code: outcome.refusal.code }
      return { id: outcome.id, status: outcome.note === undefined ? 'applied' : 'merged', code: outcome.note }
    },
    row: async <K extends Kind>(kind: K, key: string) => device.view.row(kind, key) as Row<K> | undefined,
  }
})
