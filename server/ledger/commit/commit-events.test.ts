import { expect, test } from 'vitest'
import type { Category } from '#shared/rows/rows.ts'
import { LIVE_ROWS_MAX_BYTES } from '#shared/protocol/limits.ts'
import { tablesOf } from './commit-events.ts'

const named = (name: string): Map<'categories', Category[]> =>
  new Map([['categories', [{ id: 'c', name, parentId: null, archived: false, version: 1 }]]])

test('[V3] rows that are too large for a message are left out, in any script', () => {
  const length = LIVE_ROWS_MAX_BYTES / 2
  expect(tablesOf(named('a'.repeat(length)))).toBeDefined()
  expect(tablesOf(named('箱'.repeat(length)))).toBeUndefined()
})
