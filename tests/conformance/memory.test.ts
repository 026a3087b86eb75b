import { randomUUID } from 'node:crypto'
import { MemoryWorkingSet } from '../support/working-set/memory-working-set.ts'
import { describeWorkingSet } from './suite.ts'

describeWorkingSet('memory', async () => {
  const workingSet = new MemoryWorkingSet(randomUUID())
  let version = 0
  return {
    do: async (name, args) => workingSet.do(name, args, randomUUID()),
    row: async (kind, key) => workingSet.source.row(kind, key),
    sync: async () => void workingSet.tables((version += 1)),
  }
})
