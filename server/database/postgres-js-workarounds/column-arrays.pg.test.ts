// Shows what postgres.js itself cannot serialize. If one of the first two tests fails, its arrays may have become usable.
import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { arrayText } from './column-arrays.ts'

let sql: postgres.Sql
beforeAll(() => {
  sql = postgres(inject('postgres').url, { max: 1 })
})
afterAll(() => sql.end())

const VALUES = [{ value: [1, 2] }, { value: { a: '"' } }, { value: null }]

test('postgres.js rejects a jsonb array with an array as its first value', async () => {
  const values = VALUES.map(({ value }) => value) as never
  await expect(sql.unsafe('select $1::jsonb[]', [values], { prepare: true })).rejects.toThrow()
})

test('postgres.js rejects undefined values', async () => {
  await expect(sql.unsafe('select $1::int8[]', [[undefined, 1] as never], { prepare: true })).rejects.toThrow(
    'UNDEFINED',
  )
})

test('the text of an array has the same values in PostgreSQL', async () => {
  const text = arrayText([...VALUES, {}], 'value', 'jsonb')
  const rows = await sql.unsafe('select to_json($1::text::jsonb[]) as values', [text], { prepare: true })
  expect(rows).toMatchObject([{ values: [[1, 2], { a: '"' }, null, null] }])
})
