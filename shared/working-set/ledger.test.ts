import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Entry, PositionState } from './ledger.ts'
import { isAfter, EMPTY_POSITION, positionState, applyEntry, voidEntry } from './ledger.ts'

const entry = (kind: Entry['kind'], minute: number, amount: number, id = `${minute}`): Entry => ({
  kind,
  id,
  at: `${String(minute).padStart(12, '0')}-0000-00000000`,
  amount,
  void: false,
})

/** Applies entries in their order of arrival with the incremental functions. */
function applyAll(entries: readonly Entry[]): PositionState {
  const known: Entry[] = []
  let state = EMPTY_POSITION
  for (const one of entries) {
    state = applyEntry(state, one, known)
    known.push(one)
  }
  return state
}

/** Six entries with different order keys, few enough to try every order. */
const entriesArbitrary = fc.uniqueArray(
  fc.record({
    kind: fc.constantFrom('delta' as const, 'delta' as const, 'count' as const),
    minute: fc.integer({ min: 0, max: 4 }),
    amount: fc.integer({ min: -5000, max: 5000 }),
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  }),
  { maxLength: 6, selector: ({ id }) => id },
)

function* permutations<T>(values: readonly T[]): Iterable<T[]> {
  if (values.length < 2) yield [...values]
  else
    for (let i = 0; i < values.length; i++) {
      const rest = values.toSpliced(i, 1)
      for (const tail of permutations(rest)) yield [values[i]!, ...tail]
    }
}

describe('the quantity of a position', () => {
  test('[L1] is the last count plus the later deltas', () => {
    expect(positionState([entry('delta', 1, 5), entry('count', 2, 40), entry('delta', 3, -3)]).quantity).toBe(37)
    expect(positionState([entry('delta', 1, 5), entry('delta', 3, -3)]).quantity).toBe(2)
    expect(positionState([])).toEqual(EMPTY_POSITION)
  })

  test('[L2] is the same for every order of arrival, and equals the whole function', () => {
    fc.assert(
      fc.property(entriesArbitrary, (drawn) => {
        const entries = drawn.map(({ kind, minute, amount, id }) => entry(kind, minute, amount, id))
        const whole = positionState(entries)
        for (const order of permutations(entries)) expect(applyAll(order)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  test('[L3] does not change by a movement older than the count', () => {
    const counted = applyAll([entry('count', 602, 40)])
    expect(applyEntry(counted, entry('delta', 595, -7), [])).toEqual(counted)
    expect(applyEntry(counted, entry('delta', 610, -7), []).quantity).toBe(33)
  })

  test('[L4] includes movements after a count that arrives late', () => {
    expect(applyAll([entry('delta', 10, 8), entry('delta', 30, -3), entry('count', 20, 5)]).quantity).toBe(2)
    expect(applyAll([entry('count', 50, 9), entry('count', 20, 5)]).quantity).toBe(9)
  })

  test('[L5] after voiding an entry is as if it had never been made, at any time', () => {
    fc.assert(
      fc.property(entriesArbitrary, fc.nat(5), (drawn, which) => {
        const entries = drawn.map(({ kind, minute, amount, id }) => entry(kind, minute, amount, id))
        const victim = entries[which]
        if (!victim) return
        const marked = entries.map((one) => (one === victim ? { ...one, void: true } : one))
        const incremental = voidEntry(applyAll(entries), { ...victim, void: true }, marked)
        expect(incremental).toEqual(positionState(entries.filter((one) => one !== victim)))
      }),
    )
  })

  test('[L6] orders entries of the same time by their ids', () => {
    expect(isAfter({ at: 'x', id: 'b' }, { at: 'x', id: 'a' })).toBe(true)
    expect(isAfter({ at: 'x', id: 'a' }, { at: 'x', id: 'a' })).toBe(false)
    expect(applyAll([entry('count', 1, 5, 'b'), entry('count', 1, 7, 'a')]).quantity).toBe(5)
  })
})
