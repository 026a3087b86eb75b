// The Book: the rows that a batch of mutations works on, one and the same for memory, device and server. Keeps B1–B4.
// Below it lies a shelf that can only be read; what verbs change stays in the Book until its owner takes it.
import type { CountLine, FieldStamps, Kind, Lot, Position, Row } from '../rows/rows.ts'
import { FIELD_STAMPS, keyOf, lotKey, parsePositionKey, positionKey } from '../rows/rows.ts'
import type { MergeCode } from '../values/refusals.ts'
import type { Entry, OrderKey, PositionState } from './ledger.ts'
import { isAfter, applyEntry, voidEntry } from './ledger.ts'

/** What a mutation that already took effect posted to the ledger. */
export interface Posted {
  /** Its verb. */
  name: string
  userId: string
  entries: PostedEntry[]
}
export interface PostedEntry {
  position: string
  entry: Entry
}

/** What lies below the Book. Three keep it: memory, the device's mirror, and what the server loaded for a batch. */
export interface RowSource {
  row<K extends Kind>(kind: K, key: string): Row<K> | undefined
  /** The item that owns a SKU, the location that owns a barcode. */
  owner(unique: UniqueKey, value: string): string | undefined
  /** The entries on a position that counts and voids need; see `withEntry`. A device knows those that it has not sent. */
  history(position: string): readonly Entry[]
  /** What an earlier mutation posted, or undefined where nobody knows it. */
  posted(mutationId: string): Posted | undefined
  /** The lines of a planned count. */
  linesOf(countId: string): Iterable<CountLine>
  /** All rows of a tree. */
  tree<K extends TreeKind>(kind: K): Iterable<Row<K>>
  /**
   * The stamp of the last movement of an item, or at a place, that was asked for; lines of planned counts that wait are
   * among them. Only the server knows them all.
   */
  lastMoved(kind: MovedKind, id: string): string | undefined
}
export type UniqueKey = 'sku' | 'locationBarcode'
/** What a movement moves, and where. */
export type MovedKind = 'items' | 'locations'
/** Kinds whose rows lie inside each other. */
export type TreeKind = 'categories' | 'locations'

/** The kind of a movement, as the audit shows it. */
export type LedgerEntryKind = 'receive' | 'withdraw' | 'transfer_out' | 'transfer_in' | 'count' | 'void'

/** One line for `inventory_logs`. */
export interface LedgerEntry {
  kind: LedgerEntryKind
  position: string
  /** `madeAt` is the device's own stamp, where it has one; `at` may lie elsewhere. */
  entry: OrderKey & { amount: number; madeAt?: string }
  /** When whoever counted began with this position. */
  since?: string
  /** The version that whoever counted or moved held. */
  seen?: number | undefined
  voids?: string
  reason?: string
  reference?: string
  unitCost?: number
}

export interface Change<K extends Kind = Kind> {
  kind: K
  key: string
  before: Row<K> | undefined
  after: Row<K>
}

/** Why a mutation took effect only in part, or was absorbed, or wants a person's eye. */
export interface MergeNote {
  code: MergeCode
  detail?: Record<string, unknown>
  /** True where a review is to be opened. */
  review: boolean
}

/** What one mutation did. */
export interface Effects {
  changes: Change[]
  movements: LedgerEntry[]
  notes: MergeNote[]
}

export class WorkingSet {
  readonly #source: RowSource
  /** Rows changed by the mutations before this one, by kind and key. */
  readonly #rows = new Map<Kind, Map<string, unknown>>()
  readonly #histories = new Map<string, Entry[]>()
  readonly #posted = new Map<string, Posted>()
  readonly #owners = new Map<string, string | undefined>()
  /** How to take back what the running mutation did, last first. */
  #undo: (() => void)[] = []
  #effects: Effects = emptyEffects()

  constructor(source: RowSource) {
    this.#source = source
  }

  /** Runs one mutation. Where `decide` returns a refusal or throws, the Book is as it was before. */
  attempt<R>(decide: () => R | undefined): { refusal: R } | { effects: Effects } {
    this.#undo = []
    this.#effects = emptyEffects()
    try {
      const refusal = decide()
      if (refusal === undefined) return { effects: this.#effects }
      this.#rollBack()
      return { refusal }
    } catch (error) {
      this.#rollBack()
      throw error
    }
  }

  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    const changed = this.#rows.get(kind)?.get(key) as Row<K> | undefined
    return changed ?? this.#source.row(kind, key)
  }

  put<K extends Kind>(kind: K, row: Row<K>): void {
    const key = keyOf(kind, row)
    const before = this.row(kind, key)
    if (before === row) return // nothing of it changed: no version for nobody's news
    this.#effects.changes.push({ kind, key, before, after: row } as unknown as Change)
    this.#set(this.#rowsOf(kind), key, row)
  }

  owner(unique: UniqueKey, value: string): string | undefined {
    const key = `${unique} ${value}`
    return this.#owners.has(key) ? this.#owners.get(key) : this.#source.owner(unique, value)
  }

  /** Gives a unique value to an owner, or frees it. */
  setOwner(unique: UniqueKey, value: string, owner: string | undefined): void {
    this.#set(this.#owners, `${unique} ${value}`, owner)
  }

  position(key: string): Position {
    return this.row('positions', key) ?? { ...parsePositionKey(key), ...EMPTY_POSITION }
  }

  /** True where the count that a position rests on is of a version up to `seen`. */
  isCountSeen(key: string, seen: number): boolean {
    const kept = this.#source.row('positions', key)
    return kept !== undefined && kept.countedId === this.position(key).countedId && kept.version <= seen
  }

  lot(itemId: string, lot: string): Lot | undefined {
    return this.row('lots', lotKey(itemId, lot))
  }

  posted(mutationId: string): Posted | undefined {
    return this.#posted.get(mutationId) ?? this.#source.posted(mutationId)
  }

  /** The lines of a planned count, as they are now. */
  linesOf(countId: string): CountLine[] {
    const lines = new Map<string, CountLine>()
    for (const line of this.#source.linesOf(countId)) lines.set(line.id, line)
    for (const line of (this.#rowsOf('countLines') as Map<string, CountLine>).values()) {
      if (line.countId === countId) lines.set(line.id, line)
    }
    return [...lines.values()]
  }

  /** All rows of a tree, as they are now. */
  *tree<K extends TreeKind>(kind: K): Iterable<Row<K>> {
    const changed = this.#rowsOf(kind) as Map<string, Row<K>>
    for (const row of this.#source.tree(kind)) if (!changed.has(row.id)) yield row
    yield* changed.values()
  }

  /** When an item, or something at a place, was last moved or counted, as far as that was asked for. */
  lastMoved(kind: MovedKind, id: string): string | undefined {
    let last = this.#source.lastMoved(kind, id)
    const take = (place: { itemId: string; locationId: string }, at: string) => {
      const isThere = (kind === 'items' ? place.itemId : place.locationId) === id
      if (isThere && (last === undefined || at > last)) last = at
    }
    for (const { entries } of this.#posted.values()) {
      for (const { position, entry } of entries) if (!entry.void) take(parsePositionKey(position), entry.at)
    }
    for (const line of (this.#rowsOf('countLines') as Map<string, CountLine>).values()) {
      if (line.state === 'waiting') take(line, line.at)
    }
    return last
  }

  /** The entries on a position, as far as they were asked for. */
  history(position: string): readonly Entry[] {
    return this.#history(position)
  }

  /** Takes in a row that no mutation made, such as the record of a refusal: later mutations can see it. */
  setConfirmed<K extends Kind>(kind: K, row: Row<K>): void {
    this.#rowsOf(kind).set(keyOf(kind, row), row)
  }

  /** Takes in that a mutation took effect: one that posted nothing is not unknown for that. */
  recordEffect(mutationId: string, by: { name: string; userId: string }): void {
    if (!this.#posted.has(mutationId)) this.#set(this.#posted, mutationId, { ...by, entries: [] })
  }

  /** Posts an entry to the ledger and brings its position up to date. Says whether a later count had absorbed it. */
  post(by: { name: string; userId: string }, movement: LedgerEntry): 'applied' | 'absorbed' {
    const { position: key, entry: mark, since } = movement
    const kind = movement.kind === 'count' ? 'count' : 'delta'
    const entry: Entry = { ...mark, kind, void: false, ...(since !== undefined && { since }) }
    const position = this.position(key)
    const state = standingOfRow(position)
    const absorbed = !isAfter(entry, state.count)
    const history = this.#history(key)
    this.#setState(position, applyEntry(state, entry, history))
    this.#push(history, entry)
    const posted = this.#posted.get(mark.id)
    if (posted) this.#push(posted.entries, { position: key, entry })
    else this.#set(this.#posted, mark.id, { ...by, entries: [{ position: key, entry }] })
    this.#effects.movements.push(movement)
    return absorbed ? 'absorbed' : 'applied'
  }

  /** Voids one entry of an earlier mutation, at that entry's own time. `id` is the voiding mutation's. */
  void(line: PostedEntry, by: { id: string; madeAt: string; name: string; userId: string }): void {
    const { position: key, entry } = line
    const { id, madeAt, name, userId } = by
    const history = this.#history(key)
    const voided = { ...entry, void: true }
    const index = history.findIndex((known) => known.id === entry.id)
    if (index >= 0) this.#replace(history, index, voided)
    const position = this.position(key)
    this.#setState(position, voidEntry(standingOfRow(position), voided, history))
    const entries = this.#entriesOf(entry.id)
    const known = entries.indexOf(line)
    const place = known >= 0 ? known : entries.findIndex(({ position }) => position === key)
    if (place >= 0) this.#replace(entries, place, { position: key, entry: voided })
    if (!this.#posted.has(id)) this.#set(this.#posted, id, { name, userId, entries: [] })
    const amount = entry.kind === 'delta' ? -entry.amount : entry.amount
    const mark = { at: entry.at, madeAt, id, amount }
    this.#effects.movements.push({ kind: 'void', position: key, entry: mark, voids: entry.id })
  }

  /** Says that the running mutation merged: in part, absorbed, or with a review. */
  note(code: MergeCode, detail?: Record<string, unknown>): void {
    this.#effects.notes.push({ code, ...(detail && { detail }), review: false })
  }

  /** Asks for a person's eye on the running mutation. */
  review(code: MergeCode, detail?: Record<string, unknown>): void {
    this.#effects.notes.push({ code, ...(detail && { detail }), review: true })
  }

  /** @throws beyond what a number holds exactly: the mutation is refused rather than the sum rounded */
  #setState(position: Position, { quantity, count }: PositionState): void {
    if (!Number.isSafeInteger(quantity)) throw new Error('a quantity beyond what can be summed exactly (B4)')
    const counted = {
      countedAt: count?.at ?? null,
      countedId: count?.id ?? null,
      countedSince: count?.since ?? null,
    }
    this.put('positions', { ...position, quantity, ...counted })
  }

  /** What a mutation posted, to be changed here and not below. */
  #entriesOf(mutationId: string): PostedEntry[] {
    const own = this.#posted.get(mutationId)
    if (own) return own.entries
    const posted = this.#source.posted(mutationId)
    if (!posted) return []
    const entries = [...posted.entries]
    this.#set(this.#posted, mutationId, { ...posted, entries })
    return entries
  }

  #history(key: string): Entry[] {
    let history = this.#histories.get(key)
    if (!history) this.#histories.set(key, (history = [...this.#source.history(key)]))
    return history
  }

  #rowsOf(kind: Kind): Map<string, unknown> {
    let rows = this.#rows.get(kind)
    if (!rows) this.#rows.set(kind, (rows = new Map()))
    return rows
  }

  #set<V>(map: Map<string, V>, key: string, value: V): void {
    const had = map.has(key)
    const before = map.get(key)
    this.#undo.push(() => (had ? map.set(key, before as V) : map.delete(key)))
    map.set(key, value)
  }

  #push<E>(list: E[], one: E): void {
    this.#undo.push(() => list.pop())
    list.push(one)
  }

  #replace<E>(list: E[], index: number, one: E): void {
    const before = list[index]!
    this.#undo.push(() => (list[index] = before))
    list[index] = one
  }

  #rollBack(): void {
    for (const takeBack of this.#undo.toReversed()) takeBack()
  }
}

const EMPTY_POSITION = { quantity: 0, countedAt: null, countedId: null, countedSince: null, version: 0 }

function emptyEffects(): Effects {
  return { changes: [], movements: [], notes: [] }
}

function standingOfRow({ quantity, countedAt, countedId, countedSince }: Position): PositionState {
  if (countedAt === null) return { quantity, count: undefined }
  const since = countedSince === null ? {} : { since: countedSince }
  return { quantity, count: { at: countedAt, id: countedId ?? '', ...since } }
}

export function positionOf(args: { itemId: string; locationId: string; lot?: string | undefined }): string {
  return positionKey(args.itemId, args.locationId, args.lot ?? '')
}

/** The stamps of a row's fields; empty where only the server knows them. */
export function fieldStampsOf(row: { [FIELD_STAMPS]?: FieldStamps }): FieldStamps {
  return row[FIELD_STAMPS] ?? {}
}
