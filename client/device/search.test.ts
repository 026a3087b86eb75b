import { expect, test } from 'vitest'
import { ItemSearch } from './search.ts'

const items = [
  { id: '1', name: 'Café de Colombie', sku: 'CAF-0189', codes: ['03483981000189'] },
  { id: '2', name: 'Décaféiné', sku: 'DEC-1', codes: [] },
  { id: '3', name: 'Tomates cerises\nbio', sku: null, codes: ['08437004947031'] },
  { id: '4', name: 'Cacao', sku: '189', codes: [] },
]
const search = new ItemSearch({
  items: () => items.map(({ id, name, sku }) => ({ id, name, sku, archived: false }) as never),
  codesOf: (id) => items.find((item) => item.id === id)!.codes,
})
const find = (query: string) => search.find(query, { limit: 10 }).ids

test('[D7] finds all words in any order, without regard to case and accents', () => {
  expect(find('CAFE')).toEqual(['1', '2'])
  expect(find('colombie café')).toEqual(['1'])
  expect(find('bio tomates')).toEqual(['3'])
  expect(find('nothing')).toEqual([])
  expect(find('')).toHaveLength(4)
})

test('[D7] finds by SKU and barcode, exact ones first, padded or not', () => {
  expect(find('189')).toEqual(['4', '1'])
  expect(find('8437004947031')).toEqual(['3'])
  expect(find('caf-01')).toEqual(['1'])
})

test('counts all hits beyond the limit, and filters', () => {
  expect(search.find('ca', { limit: 1 })).toEqual({ ids: ['4'], total: 3 })
  expect(search.find('ca', { limit: 9, accept: (id) => id !== '4' })).toMatchObject({ total: 2 })
})
