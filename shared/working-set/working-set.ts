// The working set: the rows that a batch of mutations works on, in memory, on the device and on the server alike.
// Keeps B1–B4. It reads from a row source and collects the changes; its owner writes them.
import { KindMap, ofAnyKind } from '../rows/kind-map.ts'
import type { Detail } from '../values/refuse.ts'
import type { ItemId, LocationId } from '../values/id.ts'
import type { CountLine, FieldStamps, Kind, Lot, Position, Row } from '../rows/rows.ts'
import { FIELD_STAMPS, keyOf, lotKey, parsePositionKey, positionKey } from '../rows/rows.ts'
import type { MergeCode } from '../values/refusals.ts'
import type { Entry, OrderKey, PositionState } from './ledger.ts'
import { isAfter, applyEntry, voidEntry } from './ledger.ts'

/** The ledger entries of a mutation that took effect earlier. */
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

/** Where a working set reads from: memory, the rows of a device, or the rows that the server preloaded for a batch. */
export interface RowSource {
  row<K extends Kind>(kind: K, key: string): Row<K> | undefined
  /** The item with a SKU, or the location with a barcode. */
  owner(unique: UniqueKey, value: string): string | undefined
  /** The entries of a position that counts and voids need, see `applyEntry`. A device has only its pending ones. */
  history(position: string): readonly Entry[]
  /** The entries of an earlier mutation. Returns undefined if it is unknown. */
  posted(mutationId: string): Posted | undefined
  /** The lines of a planned count. */
  linesOf(countId: string): Iterable<CountLine>
  /** All rows of a tree. */
  tree<K extends TreeKind>(kind: K): Iterable<Row<K>>
  /**
   * The stamp of the last movement of an item, or at a location, if it was planned to be read. Includes waiting lines of
   * planned counts. Only the server knows all of them.
   */
  lastMoved(kind: MovedKind, id: string): string | undefined
}
export type UniqueKey = 'sku' | 'locationBarcode'
/** The kinds that a movement refers to. */
export type MovedKind = 'items' | 'locations'
/** Kinds whose rows form a tree. */
export type TreeKind = 'categories' | 'locations'

/** The kind of an entry, as the audit shows it. */
export type LedgerEntryKind = 'receive' | 'withdraw' | 'transfer_out' | 'transfer_in' | 'count' | 'void'

/** One entry for `inventory_logs`. */
export interface LedgerEntry {
  kind: LedgerEntryKind
  position: string
  /** `madeAt` is the device's own stamp, if it has one. `at` is the effective one. */
  entry: OrderKey & { amount: number; madeAt?: string }
  /** When the counter began with this position. */
  since?: string
  /** The version that the author's device had. */
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

/** Why a mutation took effect only in part, was absorbed, or opened a review. */
export interface MergeNote {
  code: MergeCode
  detail?: Detail
  /** Whether a review is opened. */
  review: boolean
}

/** The effects of one mutation. */
export interface Effects {
  changes: Change[]
  movements: LedgerEntry[]
  notes: MergeNote[]
}

export class WorkingSet {
  readonly #source: RowSource
  /** Rows changed by the mutations before this one, by kind and key. */
  readonly #rows = new KindMap()
  readonly #histories = new Map<string, Entry[]>()
  readonly #posted = new Map<string, Posted>()
  readonly #owners = new Map<string, string | undefined>()
  /** Reverts the running mutation, last change first. */
  #undo: (() => void)[] = []
  #effects: Effects = emptyEffects()

  constructor(source: RowSource) {
    this.#source = source
  }

  /** Runs one mutation. If `decide` returns a refusal or throws, the working set is as it was before. */
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
    return this.#rows.of(kind).get(key) ?? this.#source.row(kind, key)
  }

  put<K extends Kind>(kind: K, row: Row<K>): void {
    const key = keyOf(kind, row)
    const before = this.row(kind, key)
    if (before === row) return // unchanged rows must not get a new version
    this.#effects.changes.push({ kind, key, before: before && ofAnyKind<K>(before), after: ofAnyKind<K>(row) })
    this.#set(this.#rows.of(kind), key, row)
  }

  owner(unique: UniqueKey, value: string): string | undefined {
    const key = `${unique} ${value}`
    return this.#owners.has(key) ? this.#owners.get(key) : this.#source.owner(unique, value)
  }

  /** Assigns a unique value to an owner, or frees it. */
  setOwner(unique: UniqueKey, value: string, owner: string | undefined): void {
    this.#set(this.#owners, `${unique} ${value}`, owner)
  }

  position(key: string): Position {
    return this.row('positions', key) ?? { ...parsePositionKey(key), ...EMPTY_POSITION }
  }

  /** Returns whether the last count of a position is part of the version `seen`. */
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

  /** The lines of a planned count, with the changes of this batch. */
  linesOf(countId: string): CountLine[] {
    const lines = new Map<string, CountLine>()
    for (const line of this.#source.linesOf(countId)) lines.set(line.id, line)
    for (const line of this.#rows.of('countLines').values()) {
      if (line.countId === countId) lines.set(line.id, line)
    }
    return [...lines.values()]
  }

  /** All rows of a tree, with the changes of this batch. */
  *tree<K extends TreeKind>(kind: K): Iterable<Row<K>> {
    const changed = this.#rows.of(kind)
    for (const row of this.#source.tree(kind)) if (!changed.has(row.id)) yield row
    yield* changed.values()
  }

  /** The last movement or count of an item, or at a location, if it was planned to be read. */
  lastMoved(kind: MovedKind, id: string): string | undefined {
    let last = this.#source.lastMoved(kind, id)
    const consider = (entry: { itemId: string; locationId: string }, at: string) => {
      const isMatch = (kind === 'items' ? entry.itemId : entry.locationId) === id
      if (isMatch && (last === undefined || at > last)) last = at
    }
    for (const { entries } of this.#posted.values()) {
      for (const { position, entry } of entries) if (!entry.void) consider(parsePositionKey(position), entry.at)
    }
    for (const line of this.#rows.of('countLines').values()) {
      if (line.state === 'waiting') consider(line, line.at)
    }
    return last
  }

  /** The entries of a position, as far as they were planned to be read. */
  history(position: string): readonly Entry[] {
    return this.#history(position)
  }

  /** Adds a row that no mutation made, such as the record of a refusal, so that later mutations see it. */
  setConfirmed<K extends Kind>(kind: K, row: Row<K>): void {
    this.#rows.of(kind).set(keyOf(kind, row), row)
  }

  /** Records that a mutation took effect, also if it posted no entries, so that it is not unknown. */
  recordEffect(mutationId: string, by: { name: string; userId: string }): void {
    if (!this.#posted.has(mutationId)) this.#set(this.#posted, mutationId, { ...by, entries: [] })
  }

  /** Posts an entry to the ledger and updates its position. Returns whether a later count absorbed it. */
  post(by: { name: string; userId: string }, movement: LedgerEntry): 'applied' | 'absorbed' {
    const { position: key, entry: mark, since } = movement
    const kind = movement.kind === 'count' ? 'count' : 'delta'
    const entry: Entry = { ...mark, kind, void: false, ...(since !== undefined && { since }) }
    const position = this.position(key)
    const state = stateOf(position)
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

  /** Voids one entry of an earlier mutation, at the time of that entry. `id` is that of the voiding mutation. */
  void(line: PostedEntry, by: { id: string; madeAt: string; name: string; userId: string }): void {
    const { position: key, entry } = line
    const { id, madeAt, name, userId } = by
    const history = this.#history(key)
    const voided = { ...entry, void: true }
    const index = history.findIndex((known) => known.id === entry.id)
    if (index >= 0) this.#replace(history, index, voided)
    const position = this.position(key)
    this.#setState(position, voidEntry(stateOf(position), voided, history))
    const entries = this.#entriesOf(entry.id)
    const known = entries.indexOf(line)
    const entryIndex = known >= 0 ? known : entries.findIndex(({ position }) => position === key)
    if (entryIndex >= 0) this.#replace(entries, entryIndex, { position: key, entry: voided })
    if (!this.#posted.has(id)) this.#set(this.#posted, id, { name, userId, entries: [] })
    const amount = entry.kind === 'delta' ? -entry.amount : entry.amount
    const voidEntryLine = { at: entry.at, madeAt, id, amount }
    this.#effects.movements.push({ kind: 'void', position: key, entry: voidEntryLine, voids: entry.id })
  }

  /** Marks the running mutation as merged: in part, or absorbed. */
  note(code: MergeCode, detail?: Detail): void {
    this.#effects.notes.push({ code, ...(detail && { detail }), review: false })
  }

  /** Marks the running mutation as merged and opens a review. */
  review(code: MergeCode, detail?: Detail): void {
    this.#effects.notes.push({ code, ...(detail && { detail }), review: true })
  }

  /** @throws if the sum is not exact any more: the mutation is refused instead of rounding */
  #setState(position: Position, { quantity, count }: PositionState): void {
    if (!Number.isSafeInteger(quantity)) throw new Error('a quantity beyond what can be summed exactly (B4)')
    const counted = {
      countedAt: count?.at ?? null,
      countedId: count?.id ?? null,
      countedSince: count?.since ?? null,
    }
    this.put('positions', { ...position, quantity, ...counted })
  }

  /** A copy of a mutation's entries that may be changed here without changing the source. */
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

function stateOf({ quantity, countedAt, countedId, countedSince }: Position): PositionState {
  if (countedAt === null) return { quantity, count: undefined }
  const since = countedSince === null ? {} : { since: countedSince }
  return { quantity, count: { at: countedAt, id: countedId ?? '', ...since } }
}

export function positionOf(args: { itemId: ItemId; locationId: LocationId; lot?: string | undefined }): string {
  return positionKey(args.itemId, args.locationId, args.lot ?? '')
}

/** The stamps of a row's fields. Empty on a device, because only the server has them. */
export function fieldStampsOf(row: { [FIELD_STAMPS]?: FieldStamps }): FieldStamps {
  return row[FIELD_STAMPS] ?? {}
}
