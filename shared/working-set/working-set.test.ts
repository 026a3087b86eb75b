import { expect, test } from 'vitest'
import { MemoryShelf } from '../../tests/support/memory-row-source.ts'
import { positionKey } from '../rows/rows.ts'
import { Book } from './working-set.ts'

const position = positionKey('0'.repeat(36), '1'.repeat(36), '')
const by = { name: 'stock.receive', userId: 'u' }
const receive = (id: string, at: string, amount: number) => ({
  kind: 'receive' as const,
  position,
  entry: { id, at, amount },
})

function bookWithOne(): Book {
  const book = new Book(new MemoryShelf())
  book.attempt(() => void book.post(by, receive('a', '1', 5000)))
  return book
}

test('[B1] a refusal leaves the Book as it was: rows, owners, entries and what was posted', () => {
  const book = bookWithOne()
  const result = book.attempt(() => {
    book.post(by, receive('b', '2', 7000))
    book.void(
      { position, entry: { kind: 'delta', id: 'a', at: '1', amount: 5000, void: false } },
      { id: 'c', madeAt: '3', ...by },
    )
    book.own('sku', 'X', 'item')
    return 'refused'
  })
  expect(result).toEqual({ refusal: 'refused' })
  expect(book.position(position).quantity).toBe(5000)
  expect(book.owner('sku', 'X')).toBeUndefined()
  expect(book.posted('b')).toBeUndefined()
  expect(book.posted('a')?.entries[0]?.entry.void).toBe(false)
  book.attempt(() => void book.post(by, { ...receive('d', '0', 9000), kind: 'count' }))
  expect(book.position(position).quantity).toBe(14_000) // the count at 0 and the receive at 1, and nothing of b
})

test('[B1] so does a mutation that throws', () => {
  const book = bookWithOne()
  const failing = () =>
    book.attempt(() => {
      book.post(by, receive('b', '2', 7000))
      throw new Error('a bug')
    })
  expect(failing).toThrow('a bug')
  expect(book.position(position).quantity).toBe(5000)
})
