// The ledger algebra: what a position holds is a function of the set of its entries, in any order. Keeps L1–L6.
//
//   quantity = C.counted (or 0) + Σ delta over deltas, not void, with (at, id) > C's
//
// where C is the count with the greatest (at, id) that is not void. Quantities are integers of thousandths.

/** A place in time: entries are ordered by their stamp, then by the id of their mutation. */
export interface OrderKey {
  at: string
  id: string
}

interface EntryOf<K extends string> extends OrderKey {
  kind: K
  /** Thousandths: what a delta adds, or what a count found. */
  amount: number
  void: boolean
  /** The device's own stamp, where it was placed elsewhere in time. */
  madeAt?: string
  /** Of a count: when whoever counted began. */
  since?: string
  /** Of the commit that brought it; absent until that is known. */
  version?: number
}
/** One line of a position's ledger. `id` is the mutation's: a mutation has at most one entry on a position. */
export type Entry = EntryOf<'delta'> | EntryOf<'count'>

/** What a position keeps of its entries. */
export interface PositionState {
  quantity: number
  /** The count that it rests on. */
  count: CountMark | undefined
}
export type CountMark = OrderKey & Pick<Entry, 'since'>

export const EMPTY_POSITION: PositionState = { quantity: 0, count: undefined }

export function isAfter(a: OrderKey, b: OrderKey | undefined): boolean {
  return b === undefined || a.at > b.at || (a.at === b.at && a.id > b.id)
}

/** The whole function, from all entries. What the ledger check recomputes, and what voiding a count falls back on. */
export function positionState(entries: readonly Entry[]): PositionState {
  let count: Entry | undefined
  for (const entry of entries) if (entry.kind === 'count' && !entry.void && isAfter(entry, count)) count = entry
  return {
    quantity: (count?.amount ?? 0) + sumAfter(entries, count),
    count: count && countOf(count),
  }
}

/** Σ delta over deltas, not void, after a mark. */
export function sumAfter(entries: readonly Entry[], key: OrderKey | undefined): number {
  let sum = 0
  for (const entry of entries) if (entry.kind === 'delta' && !entry.void && isAfter(entry, key)) sum += entry.amount
  return sum
}

/**
 * The standing after one more entry. `entries` are those known on the position, at least all deltas after the entry
 * when it is a count. An entry before the count that the position rests on changes nothing: it is absorbed.
 */
export function applyEntry(state: PositionState, entry: Entry, entries: readonly Entry[]): PositionState {
  if (!isAfter(entry, state.count)) return state
  if (entry.kind === 'delta') return { ...state, quantity: state.quantity + entry.amount }
  return { quantity: entry.amount + sumAfter(entries, entry), count: countOf(entry) }
}

/**
 * The standing after an entry was voided. `entries` are those known on the position, the voided one marked; when it is
 * the count that the position rests on, they reach back to the count before it.
 */
export function voidEntry(state: PositionState, voided: Entry, entries: readonly Entry[]): PositionState {
  const rests = state.count?.id === voided.id && voided.kind === 'count'
  if (rests) return positionState(entries)
  if (voided.kind === 'count' || !isAfter(voided, state.count)) return state
  return { ...state, quantity: state.quantity - voided.amount }
}

function countOf({ at, id, since }: Entry): CountMark {
  return { at, id, ...(since !== undefined && { since }) }
}
