import { describe, expect, it } from 'vitest'
import { parseNumber, parseTime } from './cells.ts'

describe('parseNumber', () => {
  it.each([
    ['12', ',', 12],
    ['-1.5', ',', -1.5],
    ['1,5', ';', 1.5],
    ['1,5', ',', undefined],
    ['1.234,5', ';', undefined],
    ['1e3', ',', undefined],
    ['0x10', ',', undefined],
    ['NaN', ',', undefined],
    ['', ',', undefined],
    ['12 pcs', ',', undefined],
  ] as const)('%s in a file separated by %s is %s', (text, delimiter, number) => {
    expect(parseNumber(text, delimiter)).toBe(number)
  })
})

describe('parseTime', () => {
  it.each([
    ['2010-12-01 08:26:00', Date.UTC(2010, 11, 1, 8, 26)],
    ['2010-12-01T08:26', Date.UTC(2010, 11, 1, 8, 26)],
    ['2010-12-01', Date.UTC(2010, 11, 1)],
    ['2010-12-01T08:26:00+02:00', Date.UTC(2010, 11, 1, 6, 26)],
    ['2010-02-31 08:26:00', undefined],
    ['2010-12-01 25:00', undefined],
    ['12/1/2010 8:26', undefined],
    ['', undefined],
  ])('%s', (text, ms) => {
    expect(parseTime(text)).toBe(ms)
  })
})
