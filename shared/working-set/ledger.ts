// The ledger algebra: the quantity of a position is a function of the set of its entries, in any order. Keeps L1–L6.
//
//   quantity = C.counted (or 0) + Σ delta over deltas, not void, with (at, id) > C's
//
// where C is the count with the greatest (at, id) that is not void. Quantities are integers of thousandths.
import type { Thousandths } from '../values/quantity.ts'

/** The order of entries: by their stamp, then by the id of their mutation. */
export interface OrderKey {
  at: string
  id: string
}

interface EntryOf<K extends string> extends OrderKey {
  kind: K
  /** Thousandths: the amount that a delta adds, or the counted quantity. */
  amount: Thousandths
  void: boolean
  /** The device's own stamp, if the effective one differs. */
  madeAt?: string
  /** For a count: when the counter began. */
  since?: string
  /** The version of its commit. Absent until it is known. */
  version?: number
}
/** One entry of a position. `id` is that of the mutation, which has at most one entry on a position. */
export type Entry = EntryOf<'delta'> | EntryOf<'count'>

/** What a position stores about its entries. */
export interface PositionState {
  quantity: Thousandths
  /** The last count, which the quantity is based on. */
  count: CountMark | undefined
}
export type CountMark = OrderKey & Pick<Entry, 'since'>

export const EMPTY_POSITION: PositionState = { quantity: 0, count: undefined }

export function isAfter(a: OrderKey, b: OrderKey | undefined): boolean {
  return b === undefined || a.at > b.at || (a.at === b.at && a.id > b.id)
}

/** Computes the state from all entries. Used by the ledger check, and when a count is voided. */
export function positionState(entries: readonly Entry[]): PositionState {
  let count: Entry | undefined
  for (const entry of entries) if (entry.kind === 'count' && !entry.void && isAfter(entry, count)) count = entry
  return {
    quantity: (count?.amount ?? 0) + sumAfter(entries, count),
    count: count && countOf(count),
  }
}

/** The sum of the deltas after this point that are not void. */
export function sumAfter(entries: readonly Entry[], key: OrderKey | undefined): number {
  let sum = 0
  for (const entry of entries) if (entry.kind === 'delta' && !entry.void && isAfter(entry, key)) sum += entry.amount
  return sum
}

/**
 * The state after one more entry. `entries` are the known entries of the position: if the entry is a count, at least all
 * deltas after it. A delta before the last count does not change the state: the count absorbs it.
 */
export function applyEntry(state: PositionState, entry: Entry, entries: readonly Entry[]): PositionState {
  if (!isAfter(entry, state.count)) return state
  if (entry.kind === 'delta') return { ...state, quantity: state.quantity + entry.amount }
  return { quantity: entry.amount + sumAfter(entries, entry), count: countOf(entry) }
}

/**
 * The state after an entry was voided. `entries` are the known entries of the position, with the voided one marked. If it
 * is the last count, they go back to the count before it.
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
