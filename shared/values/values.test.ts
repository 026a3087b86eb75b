import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalCode, checkDigit, isGtin, printedCode } from './gtin.ts'
import { derivedId, idSchema, isId, uuidv7 } from './id.ts'
import { quantitySchema, toThousandths } from './quantity.ts'
import { isStorable, nameSchema } from './text.ts'

test('[C4] a valid GTIN is stored with 14 digits, whatever its length, and other codes stay unchanged', () => {
  expect(canonicalCode('4006381333931')).toBe('04006381333931')
  expect(canonicalCode('036000291452')).toBe('00036000291452')
  expect(canonicalCode('96385074')).toBe('00000096385074')
  expect(canonicalCode('4006381333932')).toBe('4006381333932') // wrong check digit
  expect(canonicalCode('LOC-A-07')).toBe('LOC-A-07')
  expect(printedCode('04006381333931')).toBe('4006381333931')
  expect(printedCode('00000096385074')).toBe('96385074')
})

test('[C4] one wrong digit is always detected', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^\d{12}$/), fc.nat(12), fc.integer({ min: 1, max: 9 }), (digits, where, by) => {
      const code = digits + checkDigit(digits)
      expect(isGtin(code)).toBe(true)
      const wrong = (Number(code[where]) + by) % 10
      expect(isGtin(code.slice(0, where) + wrong + code.slice(where + 1))).toBe(false)
    }),
  )
})

test('[M2] quantities have three decimals at most, and are positive and bounded', () => {
  for (const bad of [0, -1, 0.0001, 1e12, Number.NaN, Number.POSITIVE_INFINITY, '1', null]) {
    expect(quantitySchema.safeParse(bad).success, String(bad)).toBe(false)
  }
  for (const good of [0.001, 1, 12.345, 1e9]) expect(quantitySchema.safeParse(good).success, String(good)).toBe(true)
})

test('[B4] thousandths are exact even if floating-point sums are not', () => {
  const tenths = Array.from({ length: 10 }, () => toThousandths(0.1))
  expect(tenths.reduce((sum, one) => sum + one, 0)).toBe(1000)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), (thousandths) => toThousandths(thousandths / 1000) === thousandths),
  )
})

test('[M3] U+0000 and lone surrogates are not storable', () => {
  expect(isStorable('naïve 📦')).toBe(true)
  expect(isStorable('a\u0000')).toBe(false)
  expect(isStorable('a\ud800')).toBe(false)
  expect(nameSchema(5).safeParse('   ').success).toBe(false)
})

test('ids are UUIDs that sort by time, and derived ids repeat', () => {
  const random = new Uint8Array(10).fill(7)
  expect(isId(uuidv7(1_795_000_000_000, random))).toBe(true)
  expect(uuidv7(1, random) < uuidv7(2, random)).toBe(true)
  expect(derivedId('a', 'b')).toBe(derivedId('a', 'b'))
  expect(derivedId('a', 'b')).not.toBe(derivedId('a', 'c'))
  expect(isId(derivedId('a', 'b'))).toBe(true)
  expect(idSchema.parse('0A201B23-0FE0-7EEB-83F1-4FDFFD08F2A6')).toBe('0a201b23-0fe0-7eeb-83f1-4fdffd08f2a6')
})
