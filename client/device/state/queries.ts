// What screens read: displayed rows, and queries over them. Reading inside a component subscribes it. Keeps D4, D7.
import type {
  Alert,
  Barcode,
  Category,
  Conflict,
  Item,
  Kind,
  Location,
  Member,
  Position,
  Row,
} from '#shared/rows/rows.ts'
import { keyOf, positionKey } from '#shared/rows/rows.ts'
import { canonicalCode } from '#shared/values/gtin.ts'
import { IdleTask } from './idle-task.ts'
import { ALL_ROWS_CHANGED, type ConfirmedRows, type RowChange } from './confirmed-rows.ts'
import type { PendingMutations } from './pending-mutations.ts'
import type { SearchHits, SearchOptions } from '../search/search.ts'
import { ItemSearch } from '../search/search.ts'
import type { RowSubscriptions } from './row-subscriptions.ts'

/** What a code identifies. */
export type LookupResult =
  | { kind: 'item'; item: Item; packQuantity: number }
  | { kind: 'location'; location: Location }
  | { kind: 'unknown'; code: string }

/** A position as displayed. */
export interface DisplayedPosition extends Position {
  /** Part of it is not confirmed yet. */
  pending: boolean
  /** Only the server can tell the quantity. Screens show "after sync" instead of a number. */
  uncertain: boolean
}

/** Shared, because comparing names without it creates a collator for each pair. */
const BY_NAME = new Intl.Collator(undefined, { numeric: true })
/** During a first sync, the search index is rebuilt when the number of items has grown by this factor. */
const LOADING_GROWTH = 4

export class Queries {
  readonly #confirmed: ConfirmedRows
  readonly #pending: PendingMutations
  readonly #subscriptions: RowSubscriptions
  readonly #search: ItemSearch
  readonly #idle: IdleTask
  #isLoading = false
  /** A screen got an empty list of positions below zero, because the positions were not parsed yet. */
  #isBelowZeroOutdated = false

  constructor({
    confirmed,
    pending,
    subscriptions,
    isUsedRecently,
  }: {
    confirmed: ConfirmedRows
    pending: PendingMutations
    subscriptions: RowSubscriptions
    isUsedRecently: (itemId: string) => boolean
  }) {
    this.#confirmed = confirmed
    this.#pending = pending
    this.#subscriptions = subscriptions
    this.#search = new ItemSearch({
      ids: () => this.#ids(),
      item: (id) => this.#pending.row('items', id),
      codesOf: (itemId) => this.#codesOf(itemId),
      ownerOf: (code) => this.#pending.row('barcodes', code)?.itemId,
      isPreferred: (itemId) => isUsedRecently(itemId) || this.#isKnownInStock(itemId),
    })
    this.#idle = new IdleTask(() => this.#parseAhead() || this.#search.prepare())
  }

  /** All items that are not archived, in no particular order. */
  *items(): Iterable<Item> {
    this.#subscriptions.kind('items')
    for (const item of this.#all('items')) if (!item.archived) yield item
  }

  /** A row of any kind, as displayed. */
  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    return this.#row(kind, key)
  }

  item(id: string): Item | undefined {
    return this.#row('items', id)
  }

  location(id: string): Location | undefined {
    return this.#row('locations', id)
  }

  category(id: string): Category | undefined {
    return this.#row('categories', id)
  }

  conflict(id: string): Conflict | undefined {
    return this.#row('conflicts', id)
  }

  member(id: string): Member | undefined {
    return this.#row('members', id)
  }

  setting(id: string): unknown {
    return this.#row('settings', id)?.value
  }

  /** All locations or categories, each after its parent, siblings by name. */
  tree<K extends 'locations' | 'categories'>(kind: K): (Row<K> & { depth: number })[] {
    this.#subscriptions.kind(kind)
    const children = new Map<string | null, Row<K>[]>()
    for (const row of this.#all(kind)) {
      const siblings = children.get(row.parentId)
      if (siblings) siblings.push(row)
      else children.set(row.parentId, [row])
    }
    const ordered: (Row<K> & { depth: number })[] = []
    const visit = (parentId: string | null, depth: number) => {
      const siblings = children.get(parentId) ?? []
      for (const row of siblings.toSorted((a, b) => BY_NAME.compare(a.name, b.name))) {
        ordered.push({ ...row, depth } as Row<K> & { depth: number })
        visit(row.id, depth + 1)
      }
    }
    visit(null, 0)
    return ordered
  }

  /** The names from the root to a location or category. */
  path(kind: 'locations' | 'categories', id: string | null): string[] {
    const names: string[] = []
    for (let next = id, steps = 0; next !== null && steps < 40; steps++) {
      const row: Location | Category | undefined = this.#row(kind, next)
      if (!row) break
      names.unshift(row.name)
      next = row.parentId
    }
    return names
  }

  position(itemId: string, locationId: string, lot = ''): DisplayedPosition {
    const key = positionKey(itemId, locationId, lot)
    const row = this.#row('positions', key)
    return this.#displayed(
      row ?? { itemId, locationId, lot, quantity: 0, countedAt: null, countedId: null, countedSince: null, version: 0 },
    )
  }

  /** Every position of an item that has a quantity or was counted. */
  positionsOf(itemId: string): DisplayedPosition[] {
    this.#subscriptions.kind('positions')
    return this.#stockOf(itemId).map((row) => this.#displayed(row))
  }

  positionsAt(locationId: string): DisplayedPosition[] {
    this.#subscriptions.kind('positions')
    return this.#stockAt(locationId).map((row) => this.#displayed(row))
  }

  /** The items with a quantity other than zero at one of these locations. */
  itemsAt(locationIds: Iterable<string>): Set<string> {
    this.#subscriptions.kind('positions')
    const found = new Set<string>()
    for (const locationId of locationIds) {
      for (const { itemId, quantity } of this.#stockAt(locationId)) if (quantity !== 0) found.add(itemId)
    }
    return found
  }

  /**
   * Positions whose quantity is certain and below zero: more was withdrawn than the records had. Right after opening,
   * they are reported a moment later, because every screen counts them and none may wait for parsing.
   */
  positionsBelowZero(): DisplayedPosition[] {
    this.#subscriptions.kind('positions')
    if (this.#idle.isSupported && !this.#confirmed.isParsed('positions')) {
      this.#isBelowZeroOutdated = true
      return []
    }
    const below: DisplayedPosition[] = []
    const addIfCertain = (key: string) => {
      const row = this.#pending.row('positions', key)
      const displayed = row && row.quantity < 0 ? this.#displayed(row) : undefined
      if (displayed && !displayed.uncertain) below.push(displayed)
    }
    for (const key of this.#confirmed.positionsBelowZero) addIfCertain(key)
    for (const [key, { quantity }] of this.#pending.changedRows('positions')) {
      if (quantity < 0 && !this.#confirmed.positionsBelowZero.has(key)) addIfCertain(key)
    }
    return below
  }

  /** The total quantity of an item, in thousandths. */
  totalOf(itemId: string): number {
    this.#subscriptions.kind('positions')
    let total = 0
    for (const { quantity } of this.#stockOf(itemId)) total += quantity
    return total
  }

  barcodesOf(itemId: string): Barcode[] {
    this.#subscriptions.kind('barcodes')
    return [...this.#codesOf(itemId)].flatMap((code) => this.#pending.row('barcodes', code) ?? [])
  }

  /** Looks up a scanned or typed code: a barcode, a SKU, or a location's barcode. */
  find(code: string): LookupResult {
    const canonical = canonicalCode(code)
    const barcode = this.#row('barcodes', canonical)
    const item = barcode && !barcode.deleted ? this.item(barcode.itemId) : undefined
    if (barcode && item) return { kind: 'item', item, packQuantity: barcode.packQuantity }
    const location = this.#ownerOf(
      'locations',
      this.#confirmed.locationOfBarcode(canonical),
      (row) => row.barcode === canonical,
    )
    if (location) return { kind: 'location', location }
    const bySku = this.#ownerOf('items', this.#confirmed.itemOfSku(code), (row) => row.sku === code)
    return bySku ? { kind: 'item', item: bySku, packQuantity: 1000 } : { kind: 'unknown', code }
  }

  /**
   * During a first sync, items that are not indexed yet are left out while they are a minority, because otherwise each
   * page would wait for the index.
   */
  search(query: string, options: Pick<SearchOptions, 'limit' | 'accept'>): SearchHits {
    this.#subscriptions.kind('items')
    this.#subscriptions.kind('barcodes')
    const asIs = this.#isLoading && this.#confirmed.rows('items').size < LOADING_GROWTH * this.#search.size
    return this.#search.find(query, { ...options, asIs })
  }

  /** Open refusals and reviews, newest first. */
  openConflicts(): Conflict[] {
    this.#subscriptions.kind('conflicts')
    const open = [...this.#all('conflicts')].filter((conflict) => conflict.state === 'open')
    return open.toSorted((a, b) => (a.at < b.at ? 1 : -1))
  }

  openAlerts(): Alert[] {
    this.#subscriptions.kind('alerts')
    return [...this.#all('alerts')].filter((alert) => alert.state !== 'resolved')
  }

  /** Returns true if there is no item. Does not parse stored rows. */
  get isEmpty(): boolean {
    this.#subscriptions.kind('items')
    return this.#confirmed.isEmpty('items')
  }

  get itemCount(): number {
    this.#subscriptions.kind('items')
    return this.#confirmed.rows('items').size
  }

  /** Updates what is computed over all rows. */
  rowsChanged(changes: readonly RowChange[], { loading }: { loading: boolean }): void {
    this.#isLoading = loading
    if (changes === ALL_ROWS_CHANGED) this.#search.allChanged()
    else {
      for (const { kind, key } of changes) {
        if (kind === 'items') this.#search.itemChanged(key)
        else if (kind === 'barcodes') this.#search.codeChanged(key)
      }
    }
    this.#idle.schedule()
  }

  /** Parses some stored rows ahead of time. Returns false if none is left. */
  #parseAhead(): boolean {
    const isLeft = this.#confirmed.parseOne()
    if (this.#isBelowZeroOutdated && this.#confirmed.isParsed('positions')) {
      this.#isBelowZeroOutdated = false
      this.#subscriptions.notify([{ kind: 'positions', key: '' }])
    }
    return isLeft
  }

  #row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    this.#subscriptions.row(kind, key)
    return this.#pending.row(kind, key)
  }

  *#all<K extends Kind>(kind: K): Iterable<Row<K>> {
    for (const key of this.#confirmed.rows(kind).keys()) {
      const row = this.#pending.row(kind, key)
      if (row) yield row // a caller that continues after all rows were replaced may reach a key that no longer exists
    }
    yield* this.#pending.created(kind)
  }

  *#ids(): Iterable<string> {
    yield* this.#confirmed.rows('items').keys()
    for (const { id } of this.#pending.created('items')) yield id
  }

  *#codesOf(itemId: string): Iterable<string> {
    for (const code of this.#confirmed.barcodesOf(itemId)) {
      const barcode = this.#pending.row('barcodes', code)
      if (barcode && !barcode.deleted && barcode.itemId === itemId) yield code
    }
    for (const barcode of this.#pending.created('barcodes'))
      if (barcode.itemId === itemId && !barcode.deleted) yield barcode.code
  }

  #stockOf(itemId: string): Position[] {
    return this.#nonEmpty(this.#confirmed.positionsOf(itemId), (position) => position.itemId === itemId)
  }

  /** False as long as the positions are not parsed, because a first search must not wait for all of them. */
  #isKnownInStock(itemId: string): boolean {
    if (!this.#confirmed.isParsed('positions')) return false
    for (const key of this.#confirmed.positionsOf(itemId)) {
      if ((this.#pending.row('positions', key)?.quantity ?? 0) > 0) return true
    }
    for (const row of this.#pending.created('positions')) if (row.itemId === itemId && row.quantity > 0) return true
    return false
  }

  #stockAt(locationId: string): Position[] {
    return this.#nonEmpty(this.#confirmed.positionsAt(locationId), (position) => position.locationId === locationId)
  }

  #nonEmpty(keys: Iterable<string>, belongs: (position: Position) => boolean): Position[] {
    const positions: Position[] = []
    for (const key of keys) {
      const row = this.#pending.row('positions', key)
      if (row && (row.quantity !== 0 || row.countedAt !== null)) positions.push(row)
    }
    for (const row of this.#pending.created('positions')) if (belongs(row)) positions.push(row)
    return positions
  }

  #displayed(row: Position): DisplayedPosition {
    const key = keyOf('positions', row)
    return { ...row, pending: this.#pending.isPending('positions', key), uncertain: this.#pending.isUncertain(key) }
  }

  #ownerOf<K extends 'items' | 'locations'>(
    kind: K,
    key: string | undefined,
    owns: (row: Row<K>) => boolean,
  ): Row<K> | undefined {
    this.#subscriptions.kind(kind)
    const row = key === undefined ? undefined : this.#pending.row(kind, key)
    if (row && owns(row)) return row
    for (const made of this.#pending.created(kind)) if (owns(made)) return made
    return undefined
  }
}
