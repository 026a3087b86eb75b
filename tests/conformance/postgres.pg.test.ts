import { keyOf } from '#shared/rows/rows.ts'
import { readRows, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { describeWorkingSet } from './suite.ts'

const parts = useLedger()

describeWorkingSet('PostgreSQL', async () => {
  const device = new TestDevice(parts, parts.manager)
  return {
    do: async (name, args) => {
      const { id, status, code } = await device.do(name, args)
      if (status === 'duplicate') throw new Error('a new mutation cannot be a duplicate')
      return { id, status, code }
    },
    sync: async () => undefined,
    row: async (kind, key) => (await readRows(parts, kind)).find((row) => keyOf(kind, row) === key),
  }
})
