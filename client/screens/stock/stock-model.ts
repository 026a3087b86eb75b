// What the stock list shows: a search and its filters, kept while a person looks at one item and comes back.
import { computed, signal } from '@preact/signals'
import type { Item } from '#shared/rows/rows.ts'
import type { SearchHits } from '../../device/search/search.ts'
import type { Device } from '../../device/device.ts'
import type { StockTotals } from '../../context/stock-totals.ts'
import type { Workspace } from '../../context/workspace.ts'

type Test = (item: Item) => boolean
export type Only = 'all' | 'in' | 'low'

/** More of them than a screen shows: only these are put in order before somebody scrolls. */
const HITS_FIRST = 300

export function createStockModel({ device, totals }: Pick<Workspace, 'device' | 'totals'>): StockModel {
  return new StockModel(device, totals)
}

export class StockModel {
  readonly query = signal('')
  readonly categoryId = signal('')
  readonly locationId = signal('')
  readonly only = signal<Only>('all')
  readonly #device: Device
  readonly #totals: StockTotals

  constructor(device: Device, totals: StockTotals) {
    this.#device = device
    this.#totals = totals
  }

  /** A link names its filters: those of before are gone. */
  open(query: Readonly<Record<string, string>>): void {
    const { location, category, only, q } = query
    if (location === undefined && category === undefined && only === undefined && q === undefined) return
    this.locationId.value = location ?? ''
    this.categoryId.value = category ?? ''
    this.only.value = only === 'low' || only === 'in' ? only : 'all'
    this.query.value = q ?? ''
  }

  clear(): void {
    this.open({ q: '' })
  }

  get filtered(): boolean {
    return this.categoryId.value !== '' || this.locationId.value !== '' || this.only.value !== 'all'
  }

  /** What is asked for; whoever scrolls further than most do asks for all of its hits. */
  readonly #question = computed(() =>
    [this.query.value, this.categoryId.value, this.locationId.value, this.only.value].join('\n'),
  )
  readonly #wholly = signal<string | undefined>(undefined)

  readonly hits = computed((): SearchHits => {
    const tests = [this.#inCategory(), this.#atLocation(), this.#byStock()].filter((test) => test !== undefined)
    const accept = tests.length < 2 ? tests[0] : (item: Item) => tests.every((test) => test(item))
    const limit = this.#wholly.value === this.#question.value ? Number.POSITIVE_INFINITY : HITS_FIRST
    return this.#device.queries.search(this.query.value, { limit, accept })
  })

  /** Somebody looks beyond the first hits. */
  showAll(): void {
    this.#wholly.value = this.#question.value
  }

  #inCategory(): Test | undefined {
    if (this.categoryId.value === '') return undefined
    const wanted = this.#branch('categories', this.categoryId.value)
    return ({ categoryId }) => categoryId !== null && wanted.has(categoryId)
  }

  #atLocation(): Test | undefined {
    if (this.locationId.value === '') return undefined
    const here = this.#device.queries.itemsAt(this.#branch('locations', this.locationId.value))
    return ({ id }) => here.has(id)
  }

  #byStock(): Test | undefined {
    if (this.only.value === 'all') return undefined
    const totals = this.#totals.current.value
    if (!totals) return () => false
    const wanted = this.only.value === 'low' ? totals.low : totals.inStock
    return ({ id }) => wanted.has(id)
  }

  /** A row of a tree with all that lies under it. */
  #branch(kind: 'categories' | 'locations', id: string): Set<string> {
    const tree = this.#device.queries.tree(kind)
    const at = tree.findIndex((row) => row.id === id)
    const branch = new Set([id])
    const depth = tree[at]?.depth ?? 0
    for (let next = at + 1; at >= 0 && next < tree.length && tree[next]!.depth > depth; next++) {
      branch.add(tree[next]!.id)
    }
    return branch
  }
}
