import { Dexie } from 'dexie'
import { expect, test } from 'vitest'
import { isStorageFailure } from './storage-failure.ts'

test('[D12] a failed write is distinguished from a bug, also in a bulk write', () => {
  const full = new DOMException('full', 'QuotaExceededError')
  const ofMany = (failures: Error[]) => new Dexie.BulkError('not all', failures as unknown as Record<number, Error>)
  expect([full, ofMany([full])].map(isStorageFailure)).toEqual([true, true])
  expect([new TypeError('a bug'), ofMany([full, new TypeError('a bug')])].map(isStorageFailure)).toEqual([false, false])
})
