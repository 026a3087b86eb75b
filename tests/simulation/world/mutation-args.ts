// The arguments of a verb, chosen from the ids that the world knows.
import type { RecordStep } from '../plan.ts'

/** Ids of rows and mutations that somebody has created, or tried to. */
export interface KnownIds {
  items: string[]
  locations: string[]
  categories: string[]
  /** Ids of mutations that were shown as saved. */
  mutations: string[]
  conflicts: string[]
  alerts: string[]
  /** Planned counts that somebody opened, and lines that reached the server. */
  counts: string[]
  countLines: string[]
  newId: () => string
}

type Args = Record<string, unknown>

/** Mutations that every server refuses, each for another reason. */
export function makePoison(kind: number, { items, locations }: KnownIds): { name: string; args: unknown } {
  const position = { itemId: items[0], locationId: locations[0] }
  const poisons = [
    { name: 'stock.teleport', args: position },
    { name: 'stock.receive', args: { ...position, quantity: -1 } },
    { name: 'stock.receive', args: { ...position, quantity: 1, reason: 'a\u0000b' } },
    { name: 'stock.receive', args: { ...position, quantity: 1, reference: '\ud800' } },
    { name: 'stock.withdraw', args: { ...position, quantity: 0.0001 } },
    { name: 'stock.count', args: { ...position, counted: 1e300 } },
    { name: 'stock.receive', args: null },
    { name: 'toString', args: {} },
    { name: 'stock.receive', args: { ...position, quantity: 1, lot: 'x'.repeat(20_000) } },
  ]
  return poisons[kind % poisons.length]!
}

const SKUS = ['A-1', 'B-2', 'C-3']
const CODES = ['4006381333931', 'shelf-7', 'x/1']
const NAMES = ['Nails', 'Schrauben', 'Café', '螺絲']
const LOTS = ['', '', '', 'L1', 'L2']

/** Returns undefined if there is no target for the verb. */
export function makeArgs({ verb, picks }: RecordStep, known: KnownIds): Args | undefined {
  const choose = new Choices(picks)
  const make = makers[verb]
  if (!make) throw new Error(`unknown verb ${verb}`)
  const args = make(choose, known)
  return Object.values(args).includes(undefined) ? undefined : args
}

const makers: Record<string, (choose: Choices, known: KnownIds) => Args> = {
  'stock.receive': (choose, known) => ({ ...position(choose, known), quantity: choose.quantity() }),
  'stock.withdraw': (choose, known) => ({ ...position(choose, known), quantity: choose.quantity() }),
  'stock.count': (choose, known) => ({
    ...position(choose, known),
    counted: choose.quantity() - 1,
    ...choose.maybe(() => (known.counts.length > 0 ? { countId: choose.latest(known.counts) } : {})),
  }),
  'stock.transfer': (choose, { items, locations }) => ({
    itemId: choose.of(items),
    fromLocationId: choose.of(locations),
    toLocationId: choose.of(locations),
    lot: choose.of(LOTS),
    quantity: choose.quantity(),
  }),
  'stock.undo': (choose, { mutations }) => ({ mutationId: choose.latest(mutations) }),
  'item.create': (choose, { items, categories, newId }) => ({
    id: addId(items, newId()),
    name: choose.of(NAMES),
    ...choose.maybe(() => ({ sku: choose.of(SKUS) })),
    ...choose.maybe(() => ({ categoryId: choose.of(categories) })),
    ...choose.maybe(() => ({ barcodes: [{ code: choose.of(CODES), packQuantity: choose.quantity() }] })),
  }),
  'item.update': (choose, { items, categories }) => {
    const [field, value, base] = choose.of<[string, unknown, unknown]>([
      ['name', choose.of(NAMES), 'Nails'],
      ['sku', choose.of([...SKUS, null]), null],
      ['low', choose.quantity(), null],
      ['high', choose.quantity(), null],
      ['notes', choose.of(NAMES), null],
      ['tracksLots', choose.of([true, false]), false],
      ['categoryId', choose.of(categories) ?? null, null],
    ])!
    return { id: choose.of(items), set: { [field]: value }, base: { [field]: base } }
  },
  'item.archive': (choose, { items }) => ({ id: choose.of(items) }),
  'item.restore': (choose, { items }) => ({ id: choose.of(items) }),
  'barcode.attach': (choose, { items }) => ({ itemId: choose.of(items), code: choose.of(CODES) }),
  'barcode.detach': (choose, { items }) => ({ itemId: choose.of(items), code: choose.of(CODES) }),
  'category.create': (choose, { categories, newId }) => ({
    ...choose.maybe(() => ({ parentId: choose.of(categories) ?? null })),
    id: addId(categories, newId()),
    name: choose.of(NAMES),
  }),
  'category.update': (choose, { categories }) => ({
    id: choose.of(categories),
    set: choose.of([{ name: choose.of(NAMES) }, { parentId: choose.of(categories) ?? null }]),
    base: {},
  }),
  'category.archive': (choose, { categories }) => ({ id: choose.of(categories) }),
  'location.create': (choose, { locations, newId }) => ({
    ...choose.maybe(() => ({ parentId: choose.of(locations) ?? null })),
    ...choose.maybe(() => ({ barcode: choose.of(CODES) })),
    id: addId(locations, newId()),
    name: choose.of(NAMES),
  }),
  'location.update': (choose, { locations }) => ({
    id: choose.of(locations),
    set: choose.of<Args>([
      { name: choose.of(NAMES) },
      { parentId: choose.of(locations) ?? null },
      { barcode: choose.of([...CODES, null]) },
    ]),
    base: {},
  }),
  'location.archive': (choose, { locations }) => ({ id: choose.of(locations) }),
  'location.restore': (choose, { locations }) => ({ id: choose.of(locations) }),
  'category.restore': (choose, { categories }) => ({ id: choose.of(categories) }),
  'lot.correct': (choose, { items }) => ({
    itemId: choose.of(items),
    lot: choose.of(['L1', 'L2']),
    expiresOn: choose.of(['2027-01-31', '2028-02-29']),
  }),
  'level.set': (choose, { items, locations }) => ({
    itemId: choose.of(items),
    ...choose.maybe(() => ({ locationId: choose.of(locations) })),
    low: choose.of([null, choose.quantity()]),
    high: choose.of([null, choose.quantity()]),
  }),
  'alert.acknowledge': (choose, { alerts }) => ({ id: choose.latest(alerts) }),
  'alert.snooze': (choose, { alerts }) => ({ id: choose.latest(alerts), until: 1_800_000_000_000 }),
  'count.open': (choose, { counts, newId }) => ({
    id: addId(counts, newId()),
    name: choose.of(NAMES),
    scope: {},
    blind: choose.of([true, false]),
  }),
  'count.join': (choose, { counts }) => ({ countId: choose.latest(counts) }),
  'count.submit': (choose, { counts }) => ({ countId: choose.latest(counts) }),
  'count.approve': (choose, { counts }) => ({
    countId: choose.latest(counts),
    seen: choose.of([5, 20, 1_000_000]),
    reason: choose.of(NAMES),
  }),
  'count.recount': (choose, { counts, countLines }) => ({
    countId: choose.latest(counts),
    lines: [choose.latest(countLines) ?? choose.of(counts)],
  }),
  'count.cancel': (choose, { counts }) => ({ countId: choose.latest(counts) }),
  'conflict.resolve': (choose, { conflicts }) => ({
    id: choose.latest(conflicts),
    choice: choose.of(['resend', 'record', 'keep', 'take', 'discard']),
  }),
}

function position(choose: Choices, { items, locations }: KnownIds): Args {
  return { itemId: choose.of(items), locationId: choose.of(locations), lot: choose.of(LOTS) }
}

function addId(list: string[], id: string): string {
  list.push(id)
  return id
}

/** The random choices of one step, used in turn and repeatedly. */
class Choices {
  readonly #picks: readonly number[]
  #next = 0

  constructor(picks: readonly number[]) {
    this.#picks = picks
  }

  of<T>(choices: readonly T[]): T | undefined {
    return choices[Math.floor(this.#take() * choices.length)]
  }

  /** Usually one of the last few. */
  latest<T>(choices: readonly T[]): T | undefined {
    return this.of(this.#take() < 0.8 ? choices.slice(-4) : choices)
  }

  maybe(make: () => Args): Args {
    return this.#take() < 0.5 ? make() : {}
  }

  quantity(): number {
    return 1 + Math.floor(this.#take() * 20)
  }

  #take(): number {
    return this.#picks[this.#next++ % this.#picks.length]!
  }
}
