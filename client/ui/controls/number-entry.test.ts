// The keys of the number pad give quantities within their bounds, whatever is pressed.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pressKey, startEntry, thousandthsOf, formatEntry, type PadKey } from './number-entry.ts'

const bounds = { decimals: 3, max: 999_999_000 }
const press = (keys: readonly PadKey[], given = bounds) =>
  keys.reduce((entry, key) => pressKey(entry, key, given), startEntry())

test('digits and a point give thousandths', () => {
  expect(thousandthsOf(press(['1', '2', 'point', '5']))).toBe(12_500)
  expect(thousandthsOf(press(['point', '0', '0', '7']))).toBe(7)
  expect(formatEntry(press(['1', 'point']), ',')).toBe('1,')
})

test('a unit without decimals accepts no point, and others only their number of decimals', () => {
  expect(press(['1', 'point', '5'], { decimals: 0, max: 99_000 }).text).toBe('15')
  expect(press(['1', 'point', '2', '3', '4'], { decimals: 2, max: 99_000 }).text).toBe('1.23')
})

test('a leading zero is replaced, and delete clears an untouched entry', () => {
  expect(press(['0', '0', '7']).text).toBe('7')
  expect(press(['delete'])).toEqual({ text: '', touched: true })
})

test('any keys give a whole number of thousandths between zero and the maximum', () => {
  const key = fc.constantFrom<PadKey>('0', '1', '5', '9', 'point', 'delete', 'clear')
  fc.assert(
    fc.property(fc.array(key), fc.integer({ min: 0, max: 3 }), (keys, decimals) => {
      const made = thousandthsOf(press(keys, { decimals, max: 50_000 }))
      expect(Number.isSafeInteger(made)).toBe(true)
      expect(made).toBeGreaterThanOrEqual(0)
      expect(made).toBeLessThanOrEqual(50_000)
      expect(made % 10 ** (3 - decimals)).toBe(0)
    }),
  )
})
