import { expect, test } from 'vitest'
import { MemoryRowSource } from '../../tests/support/working-set/memory-row-source.ts'
import { positionKey } from '../rows/rows.ts'
import { WorkingSet } from './working-set.ts'

const position = positionKey('0'.repeat(36), '1'.repeat(36), '')
const by = { name: 'stock.receive', userId: 'u' }
const receive = (id: string, at: string, amount: number) => ({
  kind: 'receive' as const,
  position,
  entry: { id, at, amount },
})

function workingSetWithOne(): WorkingSet {
  const workingSet = new WorkingSet(new MemoryRowSource())
  workingSet.attempt(() => void workingSet.post(by, receive('a', '1', 5000)))
  return workingSet
}

test('[B1] a refusal leaves the working set unchanged: rows, owners, entries and postings', () => {
  const workingSet = workingSetWithOne()
  const result = workingSet.attempt(() => {
    workingSet.post(by, receive('b', '2', 7000))
    workingSet.void(
      { position, entry: { kind: 'delta', id: 'a', at: '1', amount: 5000, void: false } },
      { id: 'c', madeAt: '3', ...by },
    )
    workingSet.setOwner('sku', 'X', 'item')
    return 'refused'
  })
  expect(result).toEqual({ refusal: 'refused' })
  expect(workingSet.position(position).quantity).toBe(5000)
  expect(workingSet.owner('sku', 'X')).toBeUndefined()
  expect(workingSet.posted('b')).toBeUndefined()
  expect(workingSet.posted('a')?.entries[0]?.entry.void).toBe(false)
  workingSet.attempt(() => void workingSet.post(by, { ...receive('d', '0', 9000), kind: 'count' }))
  expect(workingSet.position(position).quantity).toBe(14_000) // the count at 0 and the receive at 1, and nothing of b
})

test('[B1] a mutation that throws leaves the working set unchanged', () => {
  const workingSet = workingSetWithOne()
  const failing = () =>
    workingSet.attempt(() => {
      workingSet.post(by, receive('b', '2', 7000))
      throw new Error('a bug')
    })
  expect(failing).toThrow('a bug')
  expect(workingSet.position(position).quantity).toBe(5000)
})
