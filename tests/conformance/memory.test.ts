import { randomUUID } from 'node:crypto'
import { Book } from '#shared/book/book.ts'
import { applyMutation, prepare } from '#shared/mutations/apply.ts'
import { nextStamp } from '#shared/values/stamp.ts'
import { MemoryShelf } from '../support/memory-shelf.ts'
import { describeBook } from './suite.ts'

describeBook('memory', async () => {
  const shelf = new MemoryShelf()
  const userId = randomUUID()
  let at: string | undefined
  return {
    do: async (name, args) => {
      const id = randomUUID()
      const prepared = prepare({ name, args })
      if ('code' in prepared) return { id, status: 'refused', code: prepared.code }
      at = nextStamp(at, Date.now(), '00000001')
      const outcome = applyMutation(new Book(shelf), prepared, {
        id,
        at,
        madeAt: at,
        userId,
        role: 'manager',
        strict: false,
      })
      if (outcome.status === 'refused') return { id, status: 'refused', code: outcome.refusal.code }
      shelf.take({ id, name, userId }, outcome.effects)
      return { id, status: outcome.status, code: outcome.status === 'merged' ? outcome.note.code : undefined }
    },
    row: async (kind, key) => shelf.row(kind, key),
    sync: async () => shelf.number(),
  }
})
