// GS1 labels as scanners send them. A label is read reliably or not at all.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { looksLikeGs1, parseGs1 } from './gs1.ts'
import { checkDigit } from './gtin.ts'

const GS = '\x1d'
const GTIN = '09506000134352'
const parse = (code: string) => parseGs1(code, 2026)

test('GTIN, lot, expiry, serial, count and weight in one symbol', () => {
  expect(parse(`01${GTIN}1727123110AB-12${GS}21S/7${GS}3024${GS}3103001250`)).toEqual({
    gtin: GTIN,
    expiresOn: '2027-12-31',
    lot: 'AB-12',
    serial: 'S/7',
    count: 24,
    netWeightKg: 1.25,
  })
})

test('the printed form with brackets', () => {
  expect(parse(`(01)${GTIN}(10)A(1)(17)261100`)).toEqual({ gtin: GTIN, lot: 'A(1)', expiresOn: '2026-11-30' })
  expect(parse(`(02)${GTIN}(37)12(400)ORDER 5`)).toBeUndefined()
  expect(parse(`(02)${GTIN}(37)12(400)ORDER-5(240)X(241)Y`)).toEqual({
    gtin: GTIN,
    count: 12,
    orderNumber: 'ORDER-5',
    additionalId: 'X',
    customerPart: 'Y',
  })
  expect(parse(`(01)${GTIN} and more`)).toBeUndefined()
})

test('day 00 is the last of its month, also in February of a leap year', () => {
  expect(parse('17280200')?.expiresOn).toBe('2028-02-29')
  expect(parse('15270200')?.bestBeforeOn).toBe('2027-02-28')
  expect(parse('11261131')).toBeUndefined()
  expect(parse('17261301')).toBeUndefined()
})

test('the century is the one nearest to now (§7.12)', () => {
  expect(parse('17760101')?.expiresOn).toBe('2076-01-01')
  expect(parse('17770101')?.expiresOn).toBe('1977-01-01')
  expect(parseGs1('17300101', 2085)?.expiresOn).toBe('2130-01-01')
  expect(parseGs1('17350101', 2085)?.expiresOn).toBe('2135-01-01')
  expect(parseGs1('17360101', 2085)?.expiresOn).toBe('2036-01-01')
})

test('a wrong check digit, a cut-off element or contradicting elements make the whole label unreadable', () => {
  expect(parse('0109506000134353')).toBeUndefined()
  expect(parse('01095060001343')).toBeUndefined()
  expect(parse(`01${GTIN}10A${GS}10B`)).toBeUndefined()
  expect(parse(`01${GTIN}02${GTIN}`)).toBeUndefined()
  expect(parse(`01${GTIN}10A${GS}10A`)).toEqual({ gtin: GTIN, lot: 'A' })
  expect(parse(`01${GTIN}10${GS}21B`)).toBeUndefined()
  expect(parse(`01${GTIN}10${'A'.repeat(21)}`)).toBeUndefined()
  expect(parse(`01${GTIN}30X`)).toBeUndefined()
  expect(parse('00395060001343520006')).toBeUndefined()
  expect(parse('')).toBeUndefined()
})

test('a lot that runs into the next element because the scanner omits FNC1 is refused', () => {
  expect(parse(`01${GTIN}10AB12717271231`)).toBeUndefined()
  expect(parse(`10AB1201${GTIN}`)).toBeUndefined()
  expect(parse(`01${GTIN}10AB127`)?.lot).toBe('AB127')
})

test('elements that are not read are skipped if their end is known', () => {
  expect(parse(`01${GTIN}1327010191X9${GS}8005000199${GS}10L`)).toEqual({ gtin: GTIN, lot: 'L' })
  expect(parse('2001')).toEqual({})
})

test('a code is recognised as GS1 by its elements', () => {
  expect(looksLikeGs1(`01${GTIN}10A${GS}21B`)).toBe(true)
  expect(looksLikeGs1(`(01)${GTIN}`)).toBe(true)
  expect(looksLikeGs1(`01${GTIN}`)).toBe(false)
  expect(looksLikeGs1('(A)12')).toBe(false)
})

const lot = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,9}$/).filter((text) => !/1[157]\d{6}$|0[12]\d{14}$/.test(text))
const gtin = fc
  .integer({ min: 0, max: 9_999_999_999_999 })
  .map((value) => String(value).padStart(13, '0'))
  .map((digits) => digits + checkDigit(digits))

test('a label is read whatever the order of its elements', () => {
  const count = fc.integer({ min: 1, max: 99_999_999 })
  fc.assert(
    fc.property(gtin, lot, count, fc.integer({ min: 0, max: 5 }), (item, batch, pieces, turn) => {
      const elements = [`01${item}`, `10${batch}${GS}`, `30${pieces}${GS}`, '17300615']
      const turned = [...elements.slice(turn % 4), ...elements.slice(0, turn % 4)]
      expect(parse(turned.join(''))).toEqual({ gtin: item, lot: batch, count: pieces, expiresOn: '2030-06-15' })
    }),
  )
})

test('any text is read or refused, and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 2000, max: 2100 }), (text, year) => {
      for (const code of [text, `01${text}`, `(01)${text}`]) {
        const parsed = parseGs1(code, year)
        if (parsed?.lot !== undefined) expect(parsed.lot.length).toBeLessThanOrEqual(20)
      }
    }),
  )
})
