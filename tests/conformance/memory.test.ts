import { randomUUID } from 'node:crypto'
import { MemoryBook } from '../support/memory-working-set.ts'
import { describeBook } from './suite.ts'

describeBook('memory', async () => {
  const book = new MemoryBook(randomUUID())
  let version = 0
  return {
    do: async (name, args) => book.do(name, args, randomUUID()),
    row: async (kind, key) => book.shelf.row(kind, key),
    sync: async () => void book.tables((version += 1)),
  }
})
