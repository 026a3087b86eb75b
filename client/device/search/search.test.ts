import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Item } from '#shared/rows/rows.ts'
import { foldQuery, foldText } from '#shared/values/fold-text.ts'
import { ItemSearch, type SearchSource } from './search.ts'

type Known = { name: string; sku: string | null; archived?: boolean }

/** Items and codes that can be changed. The search must be notified of changes. */
class Shop implements SearchSource {
  readonly items = new Map<string, Known>()
  readonly codes = new Map<string, string>()

  ids() {
    return this.items.keys()
  }

  item(id: string) {
    const known = this.items.get(id)
    return known && ({ id, archived: false, ...known } as Item)
  }

  *codesOf(itemId: string) {
    const own = [...this.codes.keys()].filter((code) => this.codes.get(code) === itemId)
    yield* own.toSorted((a, b) => (a < b ? -1 : 1))
  }

  ownerOf(code: string) {
    return this.codes.get(code)
  }

  readonly preferred = new Set<string>(['b', 'e'])

  isPreferred(id: string) {
    return this.preferred.has(id)
  }
}

const shop = new Shop()
shop.items.set('1', { name: 'Café de Colombie', sku: 'CAF-0189' })
shop.items.set('2', { name: 'Décaféiné', sku: 'DEC-1' })
shop.items.set('3', { name: 'Tomates cerises\nbio', sku: null })
shop.items.set('4', { name: 'Cacao', sku: '189' })
shop.codes.set('03483981000189', '1').set('08437004947031', '3')
const search = new ItemSearch(shop)
const find = (query: string) => search.find(query, { limit: 10 }).ids

test('[D7] finds all words in any order, ignoring case and accents', () => {
  expect(find('CAFE')).toEqual(['1', '2'])
  expect(find('colombie café')).toEqual(['1'])
  expect(find('bio tomates')).toEqual(['3'])
  expect(find('nothing')).toEqual([])
  expect(find('')).toHaveLength(4)
})

test('[D7] finds by SKU and barcode, exact matches first, padded or not', () => {
  expect(find('189')).toEqual(['4', '1'])
  expect(find('8437004947031')).toEqual(['3'])
  expect(find('caf-01')).toEqual(['1'])
})

test('[D7] whole words come before parts of words, and items in stock before the others', () => {
  const source = new Shop()
  source.items.set('1', { name: 'Milkshake', sku: null })
  source.items.set('2', { name: 'Oat milk', sku: null })
  source.items.set('3', { name: 'Buttermilk', sku: null })
  source.items.set('4', { name: 'Milk, whole', sku: null })
  source.items.set('e', { name: 'Rice milk', sku: null })
  const one = new ItemSearch(source)
  expect(one.find('milk', { limit: 9 }).ids).toEqual(['4', 'e', '2', '1', '3'])
  expect(one.find('milk', { limit: 2 }).ids).toEqual(['4', 'e'])
})

test('counts all matches beyond the limit, and filters', () => {
  expect(search.find('ca', { limit: 1 })).toEqual({ ids: ['4'], total: 3 })
  expect(search.find('ca', { limit: 9, accept: ({ id }) => id !== '4' })).toMatchObject({ total: 2 })
  expect(search.find('', { limit: 1, accept: ({ id }) => id !== '4' })).toEqual({ ids: ['1'], total: 3 })
})

const few = <T>(...values: T[]) => fc.constantFrom(...values)
const id = few('a', 'b', 'c', 'd', 'e', 'f', 'g')
const code = few('0012', '12', '120', 'x\ty', '7')
const word = few('ca', 'Cafe', 'café', '12', '012', '', '120', 'bio', 'o', ' ', 'ca-fe', 'l’o')
const name = fc.array(word, { maxLength: 3 }).map((words) => words.join(' '))
const item = fc.record({ kind: few('item'), id, name, sku: fc.option(code), archived: few(false, false, false, true) })
const change = fc.oneof(
  { weight: 9, arbitrary: item },
  { weight: 9, arbitrary: fc.record({ kind: few('code'), code, id: fc.option(id) }) },
  { weight: 3, arbitrary: fc.record({ kind: few('forget'), id }) },
  { weight: 9, arbitrary: fc.record({ kind: few('prepare', 'find') }) },
  { weight: 1, arbitrary: fc.record({ kind: few('all') }) },
)

test('[D7] an index that followed every change returns what the definition returns, at every limit', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 60, size: 'max' }),
      name,
      fc.nat(8),
      fc.boolean(),
      (changes, query, limit, filters) => {
        const source = new Shop()
        const followed = new ItemSearch(source, { blockLines: 2 })
        for (const made of changes) follow(made, { source, followed })
        const accept = filters ? ({ id }: Item) => id > 'c' : undefined
        const expected = expectedItems(source, query).filter((item) => !accept || accept(item))
        const found = { ids: expected.slice(0, limit).map(({ id }) => id), total: expected.length }
        expect(followed.find(query, { limit, accept })).toEqual(found)
        expect(new ItemSearch(source).find(query, { limit, accept })).toEqual(found)
      },
    ),
    { numRuns: 1_000 },
  )
})

type Change = typeof change extends fc.Arbitrary<infer Made> ? Made : never

function follow(made: Change, { source, followed }: { source: Shop; followed: ItemSearch }): void {
  if (made.kind === 'all') followed.allChanged()
  else if (made.kind === 'prepare') followed.prepare()
  else if (made.kind === 'find') followed.find('ca', { limit: 1 })
  else if ('code' in made) {
    if (made.id === null) source.codes.delete(made.code)
    else source.codes.set(made.code, made.id)
    followed.codeChanged(made.code)
  } else if ('id' in made) {
    if ('name' in made) source.items.set(made.id, made)
    else source.items.delete(made.id)
    followed.itemChanged(made.id)
  }
}

/** The expected results, computed slowly and plainly. */
function expectedItems(source: Shop, query: string): Item[] {
  const words = foldQuery(query)
  const whole = foldText(query).trim()
  const [first = ''] = words
  const bare = (text: string) => text.replace(/^0+/, '')
  const ranked = [...source.ids()].flatMap((id) => {
    const item = source.item(id)!
    const fields = [item.name, item.sku ?? '', ...source.codesOf(id)].map(foldText)
    const text = fields.map((field) => `${field}\t`).join('')
    if (item.archived || !words.every((word) => text.includes(word))) return []
    const [title = '', ...others] = text.split('\t')
    const isExact = !/\s/.test(whole) && bare(whole) !== '' && others.some((field) => bare(field) === bare(whole))
    const isWhole = (at: RegExp) => new RegExp(`${at.source}${first}(?![\\p{L}\\p{N}])`, 'u').test(title)
    const ranks = [
      isExact,
      isWhole(/^/),
      isWhole(/(?<![\p{L}\p{N}])/u),
      title.startsWith(first),
      new RegExp(`(?<![\\p{L}\\p{N}])${first}`, 'u').test(title),
      true,
    ]
    return [{ item, text, rank: words.length === 0 ? 0 : ranks.indexOf(true) }]
  })
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  return ranked
    .toSorted((a, b) => {
      const preferred = Number(source.isPreferred(b.item.id)) - Number(source.isPreferred(a.item.id))
      return a.rank - b.rank || (words.length > 0 && preferred) || order(a.text, b.text) || order(a.item.id, b.item.id)
    })
    .map(({ item }) => item)
}
