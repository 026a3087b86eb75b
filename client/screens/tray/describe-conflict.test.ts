// Every refusal and review can be resolved.
import { expect, test } from 'vitest'
import type { Conflict } from '#shared/rows/rows.ts'
import { mergeCodes, mutationRefusals } from '#shared/values/refusals.ts'
import { conflictOptions } from './describe-conflict.ts'

const conflictOf = (kind: 'refusal' | 'review', code: string, args: unknown = { quantity: 3 }): Conflict => ({
  id: '1',
  kind,
  clientId: 'c',
  seq: 1,
  userId: 'u',
  code,
  detail: null,
  state: 'open',
  resolution: null,
  mutation: JSON.stringify({ name: 'stock.withdraw', args }),
  at: '000000000000-0000-00000000',
  version: 1,
})

test.each(Object.keys(mutationRefusals))('the refusal %s can be resolved', (code) => {
  expect(conflictOptions(conflictOf('refusal', code))).toContain('discard')
})

test.each(Object.keys(mergeCodes))('the review %s can be resolved', (code) => {
  expect(conflictOptions(conflictOf('review', code))).toContain('keep')
})

test('a shortage can be recorded anyway, corrected or discarded', () => {
  expect(conflictOptions(conflictOf('refusal', 'insufficient_stock'))).toEqual(['record', 'correct', 'discard'])
})

test('only a mutation with a quantity can be corrected', () => {
  expect(conflictOptions(conflictOf('refusal', 'bad_args', { counted: 0 }))).toContain('correct')
  expect(conflictOptions(conflictOf('refusal', 'bad_args', { name: 'x' }))).not.toContain('correct')
  expect(conflictOptions(conflictOf('refusal', 'bad_args', null))).not.toContain('correct')
})

test('a value that lost can be taken instead', () => {
  const clash = { ...conflictOf('review', 'field_clash'), detail: { id: 'i', field: 'name', kept: 'A', lost: 'B' } }
  expect(conflictOptions(clash)).toEqual(['keep', 'take'])
  expect(conflictOptions(conflictOf('review', 'lot_missing'))).toEqual(['keep'])
})
