import { expect, test } from 'vitest'
import { arrayText } from './column-arrays.ts'

test('values that contain delimiters are quoted', () => {
  const rows = [{ a: 'x,y}"\\' }, { a: null }, { a: '' }, { a: 'NULL' }]
  expect(arrayText(rows, 'a', 'text')).toBe('{"x,y}\\"\\\\",NULL,"","NULL"}')
  expect(arrayText([{ a: { b: '"' } }], 'a', 'jsonb')).toBe(String.raw`{"{\"b\":\"\\\"\"}"}`)
  expect(arrayText([{ a: 1.5 }, { a: -2 }], 'a', 'numeric')).toBe('{1.5,-2}')
})
