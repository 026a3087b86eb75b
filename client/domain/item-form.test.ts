// The texts of a form become arguments, and only changed fields are sent.
import { beforeAll, expect, test, vi } from 'vitest'
import type { Item } from '#shared/rows/rows.ts'
import { startLanguage } from '../strings/strings.ts'
import { changesOf, draftOf, errorsIn, fieldsOf } from './item-form.ts'

const item: Item = {
  id: '1',
  sku: 'A-1',
  name: 'Coffee',
  categoryId: null,
  unit: 'packs',
  decimals: 0,
  cost: 4.5,
  low: 1_500_000,
  high: null,
  target: 2_000_000,
  tracksLots: false,
  notes: null,
  custom: {},
  archived: false,
  version: 3,
}

beforeAll(async () => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] })
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  vi.stubGlobal('localStorage', { getItem: () => null })
  await startLanguage()
})

test('an untouched form has no changes', () => {
  expect(changesOf(item, draftOf(item))).toBeUndefined()
})

test('only the changed fields are sent, each with the value that the person saw', () => {
  expect(changesOf(item, { ...draftOf(item), low: '12.5', sku: ' ' })).toEqual({
    set: { low: 12.5, sku: null },
    base: { low: 1500, sku: 'A-1' },
  })
})

test('errors are reported at their fields', () => {
  const errors = errorsIn({ ...draftOf(item), name: ' ', low: '10', high: '5', cost: 'a lot', target: '-1' })
  expect(Object.keys(errors).toSorted()).toEqual(['cost', 'high', 'name', 'target'])
  expect(errorsIn(draftOf(item))).toEqual({})
})

test('empty fields are cleared and not set to zero', () => {
  expect(fieldsOf({ ...draftOf(item), low: '', cost: '' })).toMatchObject({ low: null, cost: null, target: 2000 })
})
