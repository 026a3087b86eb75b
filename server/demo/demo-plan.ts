// The mutations of the demo's two days: the catalogue, an opening receipt of everything, then sales, deliveries and moves.
// Pure: the time, the ids and the random numbers are passed in. Guarantees: mutations are in the order of their stamps and not
// in the future; no position is ever below zero; products that are below their low level in the file are so at the end.
import type { MutationName, Mutations } from '#shared/mutations/verbs.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { formatStamp } from '#shared/values/stamp.ts'
import { demoCategories, demoLocations, LOT_CATEGORIES } from './demo-locations.ts'

export interface DemoProduct {
  barcode: string
  name: string
  category: string
  unit: string
  cost: number
  low: number
  high: number
  target: number
  location: string
  quantity: number
}

export interface DemoDice {
  nowMs: number
  newId(): string
  /** From 0 up to, not including, 1. */
  random(): number
}

type Mutation = Pick<Envelope, 'id' | 'name' | 'args' | 'at'>
export interface DemoPlan {
  /** Made by the manager: categories, locations, items. */
  catalogue: Mutation[]
  /** Made by the staff person: all movements. */
  movements: Mutation[]
}

/** An item with its current stock. */
interface StockedItem {
  product: DemoProduct
  itemId: string
  lot: string | undefined
  bin: string
  stock: number
  /** True if it is sold down to the quantity in the file, so that the demo has something to order. */
  runsLow: boolean
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const OPENED_BEFORE_MS = 2 * DAY_MS
const SALES = 320
const DELIVERIES = 40
const MOVES = 24
/** Eight hex digits for the stamps of the demo's two devices. */
const DEVICE = 'de300001'

export function planDemo(products: readonly DemoProduct[], dice: DemoDice): DemoPlan {
  const openedMs = dice.nowMs - OPENED_BEFORE_MS
  const catalogue = new Timeline(openedMs, dice)
  const groups = new Map<string, string>()
  for (const name of new Set(Object.values(demoCategories)))
    groups.set(name, catalogue.make('category.create', { name }))
  const categories = new Map<string, string>()
  for (const [name, group] of Object.entries(demoCategories))
    categories.set(name, catalogue.make('category.create', { name, parentId: groups.get(group)! }))
  const locationIds = new Map<string, string>()
  for (const { name, kind, barcode, within } of demoLocations) {
    const parentId = within === undefined ? {} : { parentId: locationIds.get(within)! }
    locationIds.set(barcode, catalogue.make('location.create', { name, kind, barcode, ...parentId }))
  }
  const items = products.map((product, index): StockedItem => {
    const { barcode, name, category, unit, cost, low, high, target } = product
    const tracksLots = LOT_CATEGORIES.has(category)
    const itemId = catalogue.make('item.create', {
      name,
      unit,
      cost,
      low,
      high,
      target,
      tracksLots,
      categoryId: categories.get(category)!,
      sku: `${category.slice(0, 2).toUpperCase()}-${1001 + index}`,
      barcodes: [{ code: barcode }],
    })
    const lot = tracksLots ? lotOf(openedMs, dice) : undefined
    return { product, itemId, lot, bin: product.location, stock: 0, runsLow: product.quantity < low }
  })
  return { catalogue: catalogue.mutations, movements: moveStock(items, locationIds, dice) }
}

function moveStock(items: StockedItem[], locationIds: Map<string, string>, dice: DemoDice): Mutation[] {
  const openedMs = dice.nowMs - OPENED_BEFORE_MS
  const opening = new Timeline(openedMs + HOUR_MS, dice)
  for (const item of items) {
    const { product, itemId, lot, bin } = item
    item.stock = item.runsLow ? product.target : product.quantity
    const dated = lot === undefined ? {} : { lot, expiresOn: dayAfter(openedMs, 10 + Math.floor(dice.random() * 60)) }
    const args = { itemId, locationId: locationIds.get(bin)!, quantity: item.stock, unitCost: product.cost, ...dated }
    opening.make('stock.receive', { ...args, reason: 'opening', reference: 'Opening stock' })
  }
  const days = new Timeline(openedMs + 2 * HOUR_MS, dice)
  const kinds: EventKind[] = [...fill('sale', SALES), ...fill('delivery', DELIVERIES), ...fill('move', MOVES)]
  const events: (EventKind | StockedItem)[] = shuffled(kinds, dice)
  for (const item of items.filter(({ runsLow }) => runsLow)) events.push(item)
  days.spread(events.length, dice.nowMs)
  for (const event of events) {
    const item = typeof event === 'string' ? items[Math.floor(dice.random() * items.length)]! : event
    days.step()
    const kind = typeof event === 'string' ? event : 'last sale'
    if (kind === 'last sale' || !item.runsLow) addEvent(kind, { item, locationIds, timeline: days, dice })
  }
  return [...opening.mutations, ...days.mutations]
}

type EventKind = 'sale' | 'delivery' | 'move' | 'last sale'

/** Adds an event for an item. Adds nothing if there is not enough stock for it. */
function addEvent(
  kind: EventKind,
  {
    item,
    locationIds,
    timeline,
    dice,
  }: { item: StockedItem; locationIds: Map<string, string>; timeline: Timeline; dice: DemoDice },
): void {
  const { product, itemId, lot, bin, stock } = item
  const from = { itemId, ...(lot !== undefined && { lot }) }
  const spare = stock - product.low - 1
  if (kind === 'delivery') {
    const quantity = Math.max(1, Math.min(product.target, product.high - stock - 1))
    item.stock += quantity
    const reference = `PO-${1000 + Math.floor(dice.random() * 9000)}`
    timeline.make('stock.receive', {
      ...from,
      locationId: locationIds.get(bin)!,
      quantity,
      unitCost: product.cost,
      reference,
    })
  } else if (kind === 'move' && spare > 1) {
    const quantity = Math.ceil(spare / 2)
    const to = neighbourOf(bin, dice)
    item.stock -= quantity
    const [fromLocationId, toLocationId] = [locationIds.get(bin)!, locationIds.get(to)!]
    timeline.make('stock.transfer', { ...from, fromLocationId, toLocationId, quantity })
  } else if (kind === 'last sale' || (kind === 'sale' && spare > 0)) {
    const quantity = kind === 'sale' ? Math.min(spare, 1 + Math.floor(dice.random() * 3)) : stock - product.quantity
    item.stock -= quantity
    const reason = dice.random() < 0.06 ? 'damaged' : 'sale'
    timeline.make('stock.withdraw', { ...from, locationId: locationIds.get(bin)!, quantity, reason })
  }
}

/** Mutations in the order of time. */
class Timeline {
  readonly mutations: Mutation[] = []
  readonly #dice: DemoDice
  #ms: number
  #stepMs = 0
  #counter = 0

  constructor(startMs: number, dice: DemoDice) {
    this.#ms = startMs
    this.#dice = dice
  }

  /** Divides the time until `endMs` into the given number of steps. */
  spread(steps: number, endMs: number): void {
    this.#stepMs = Math.floor((endMs - this.#ms) / (steps + 1))
  }

  step(): void {
    this.#ms += Math.max(1, Math.floor(this.#stepMs * (0.4 + 0.6 * this.#dice.random())))
    this.#counter = 0
  }

  /** @returns the id of the created row, if the verb creates one */
  make<N extends MutationName>(name: N, args: Omit<Mutations[N], 'id'>): string {
    const rowId = this.#dice.newId()
    const at = formatStamp({ ms: this.#ms, counter: this.#counter++, device: DEVICE })
    const creates = name.endsWith('.create')
    this.mutations.push({ id: this.#dice.newId(), name, args: creates ? { id: rowId, ...args } : args, at })
    return rowId
  }
}

function neighbourOf(bin: string, dice: DemoDice): string {
  const zone = bin.slice(0, 'LOC-A'.length)
  const others = demoLocations.filter(({ within, barcode }) => within === zone && barcode !== bin)
  return others[Math.floor(dice.random() * others.length)]!.barcode
}

function lotOf(ms: number, { random }: DemoDice): string {
  return `L${dayAfter(ms, 0).slice(2).replaceAll('-', '')}${'ABCDEF'[Math.floor(random() * 6)]}`
}

function dayAfter(ms: number, days: number): string {
  return new Date(ms + days * DAY_MS).toISOString().slice(0, 10)
}

function fill(kind: EventKind, length: number): EventKind[] {
  return Array.from({ length }, () => kind)
}

function shuffled<T>(list: T[], { random }: DemoDice): T[] {
  return list
    .map((value) => ({ value, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value)
}
