// What happened in the demo's two days, as mutations: the catalogue, an opening receipt of everything, then sales,
// deliveries and moves. Pure: the moment, the ids and the dice are handed in. Guarantees: in the order of their stamps,
// none later than the moment; no position ever below zero; what the file wants below its low level ends there.
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
  /** By the manager: categories, locations, items. */
  catalogue: Mutation[]
  /** By the staff person: everything that moved. */
  movements: Mutation[]
}

/** An item as the plan follows it: where its stock is, and how much. */
interface Shelf {
  product: DemoProduct
  itemId: string
  lot: string | undefined
  bin: string
  stock: number
  /** To be sold down to what the file says, so that the demo has something to order. */
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
  const catalogue = new Line(openedMs, dice)
  const groups = new Map<string, string>()
  for (const name of new Set(Object.values(demoCategories)))
    groups.set(name, catalogue.make('category.create', { name }))
  const categories = new Map<string, string>()
  for (const [name, group] of Object.entries(demoCategories))
    categories.set(name, catalogue.make('category.create', { name, parentId: groups.get(group)! }))
  const places = new Map<string, string>()
  for (const { name, kind, barcode, within } of demoLocations) {
    const parentId = within === undefined ? {} : { parentId: places.get(within)! }
    places.set(barcode, catalogue.make('location.create', { name, kind, barcode, ...parentId }))
  }
  const shelves = products.map((product, index): Shelf => {
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
  return { catalogue: catalogue.mutations, movements: moveStock(shelves, places, dice) }
}

function moveStock(shelves: Shelf[], places: Map<string, string>, dice: DemoDice): Mutation[] {
  const openedMs = dice.nowMs - OPENED_BEFORE_MS
  const opening = new Line(openedMs + HOUR_MS, dice)
  for (const shelf of shelves) {
    const { product, itemId, lot, bin } = shelf
    shelf.stock = shelf.runsLow ? product.target : product.quantity
    const dated = lot === undefined ? {} : { lot, expiresOn: dayAfter(openedMs, 10 + Math.floor(dice.random() * 60)) }
    const args = { itemId, locationId: places.get(bin)!, quantity: shelf.stock, unitCost: product.cost, ...dated }
    opening.make('stock.receive', { ...args, reason: 'opening', reference: 'Opening stock' })
  }
  const days = new Line(openedMs + 2 * HOUR_MS, dice)
  const kinds: What[] = [...fill('sale', SALES), ...fill('delivery', DELIVERIES), ...fill('move', MOVES)]
  const doings: (What | Shelf)[] = shuffled(kinds, dice)
  for (const shelf of shelves.filter(({ runsLow }) => runsLow)) doings.push(shelf)
  days.spread(doings.length, dice.nowMs)
  for (const doing of doings) {
    const shelf = typeof doing === 'string' ? shelves[Math.floor(dice.random() * shelves.length)]! : doing
    days.step()
    const what = typeof doing === 'string' ? doing : 'last sale'
    if (what === 'last sale' || !shelf.runsLow) happen(what, { shelf, places, line: days, dice })
  }
  return [...opening.mutations, ...days.mutations]
}

type What = 'sale' | 'delivery' | 'move' | 'last sale'

/** One thing that happened to one shelf; nothing where there is too little for it. */
function happen(
  what: What,
  { shelf, places, line, dice }: { shelf: Shelf; places: Map<string, string>; line: Line; dice: DemoDice },
): void {
  const { product, itemId, lot, bin, stock } = shelf
  const from = { itemId, ...(lot !== undefined && { lot }) }
  const spare = stock - product.low - 1
  if (what === 'delivery') {
    const quantity = Math.max(1, Math.min(product.target, product.high - stock - 1))
    shelf.stock += quantity
    const reference = `PO-${1000 + Math.floor(dice.random() * 9000)}`
    line.make('stock.receive', { ...from, locationId: places.get(bin)!, quantity, unitCost: product.cost, reference })
  } else if (what === 'move' && spare > 1) {
    const quantity = Math.ceil(spare / 2)
    const to = neighbourOf(bin, dice)
    shelf.stock -= quantity
    const [fromLocationId, toLocationId] = [places.get(bin)!, places.get(to)!]
    line.make('stock.transfer', { ...from, fromLocationId, toLocationId, quantity })
  } else if (what === 'last sale' || (what === 'sale' && spare > 0)) {
    const quantity = what === 'sale' ? Math.min(spare, 1 + Math.floor(dice.random() * 3)) : stock - product.quantity
    shelf.stock -= quantity
    const reason = dice.random() < 0.06 ? 'damaged' : 'sale'
    line.make('stock.withdraw', { ...from, locationId: places.get(bin)!, quantity, reason })
  }
}

/** Mutations one after the other in time. */
class Line {
  readonly mutations: Mutation[] = []
  readonly #dice: DemoDice
  #ms: number
  #stepMs = 0
  #counter = 0

  constructor(startMs: number, dice: DemoDice) {
    this.#ms = startMs
    this.#dice = dice
  }

  /** Makes each `step` a part of the time that is left until `endMs`. */
  spread(steps: number, endMs: number): void {
    this.#stepMs = Math.floor((endMs - this.#ms) / (steps + 1))
  }

  step(): void {
    this.#ms += Math.max(1, Math.floor(this.#stepMs * (0.4 + 0.6 * this.#dice.random())))
    this.#counter = 0
  }

  /** @returns the id of the row that the verb makes, where it makes one. */
  make(name: string, args: Record<string, unknown>): string {
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

function fill(what: What, length: number): What[] {
  return Array.from({ length }, () => what)
}

function shuffled<T>(list: T[], { random }: DemoDice): T[] {
  return list
    .map((value) => ({ value, key: random() }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value)
}
