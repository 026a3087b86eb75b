// The search and filters of the stock list. They survive a visit to an item.
import { computed, signal } from '@preact/signals'
import type { Item } from '#shared/rows/rows.ts'
import type { SearchHits } from '../../device/search/search.ts'
import type { Device } from '../../device/device.ts'
import type { StockTotals } from '../../context/stock-totals.ts'
import type { Workspace } from '../../context/workspace.ts'

type Test = (item: Item) => boolean
export type Only = 'all' | 'in' | 'low'

/** More than a screen shows. Only these are sorted before the person scrolls. */
const FIRST_RESULTS = 300

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

  /** Applies the filters of a link, which replace the previous ones. */
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

  get isFiltered(): boolean {
    return this.categoryId.value !== '' || this.locationId.value !== '' || this.only.value !== 'all'
  }

  /** Identifies the current search and filters. */
  readonly #searchKey = computed(() =>
    [this.query.value, this.categoryId.value, this.locationId.value, this.only.value].join('\n'),
  )
  readonly #unlimitedFor = signal<string | undefined>(undefined)

  readonly hits = computed((): SearchHits => {
    const tests = [this.#inCategory(), this.#atLocation(), this.#byStock()].filter((test) => test !== undefined)
    const accept = tests.length < 2 ? tests[0] : (item: Item) => tests.every((test) => test(item))
    const limit = this.#unlimitedFor.value === this.#searchKey.value ? Number.POSITIVE_INFINITY : FIRST_RESULTS
    return this.#device.queries.search(this.query.value, { limit, accept })
  })

  /** Loads all results, because the person scrolls beyond the first ones. */
  showAll(): void {
    this.#unlimitedFor.value = this.#searchKey.value
  }

  #inCategory(): Test | undefined {
    if (this.categoryId.value === '') return undefined
    const accepted = this.#branch('categories', this.categoryId.value)
    return ({ categoryId }) => categoryId !== null && accepted.has(categoryId)
  }

  #atLocation(): Test | undefined {
    if (this.locationId.value === '') return undefined
    const itemIds = this.#device.queries.itemsAt(this.#branch('locations', this.locationId.value))
    return ({ id }) => itemIds.has(id)
  }

  #byStock(): Test | undefined {
    if (this.only.value === 'all') return undefined
    const totals = this.#totals.current.value
    if (!totals) return () => false
    const accepted = this.only.value === 'low' ? totals.low : totals.inStock
    return ({ id }) => accepted.has(id)
  }

  /** A category or location with all of its descendants. */
  #branch(kind: 'categories' | 'locations', id: string): Set<string> {
    const tree = this.#device.queries.tree(kind)
    const start = tree.findIndex((row) => row.id === id)
    const branch = new Set([id])
    const depth = tree[start]?.depth ?? 0
    for (let next = start + 1; start >= 0 && next < tree.length && tree[next]!.depth > depth; next++) {
      branch.add(tree[next]!.id)
    }
    return branch
  }
}
