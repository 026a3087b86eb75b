// Descriptions of mutations, including those that this app did not create, with the real device code.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Conflict } from '#shared/rows/rows.ts'
import { applySnapshot } from '../../tests/device/support/sample-rows.ts'
import { Device } from '../device/device.ts'
import { loadAllStrings } from '../strings/strings.ts'
import { fieldName, describeMutation } from './describe-mutation.ts'

await loadAllStrings()

const conflictOf = (id: string, mutation: { name: string; args: unknown }): Conflict => ({
  id,
  kind: 'refusal',
  clientId: 'c',
  seq: 1,
  userId: 'u',
  code: 'unknown_verb',
  detail: null,
  state: 'open',
  resolution: null,
  mutation: JSON.stringify(mutation),
  at: '000000000000-0000-00000000',
  version: 1,
})

const resolve = (id: string) => ({ name: 'conflict.resolve', args: { id, choice: 'keep' } })

test('a resolved conflict is described by its mutation, and circular references end', async () => {
  const device = await Device.open({ name: randomUUID(), actor: { userId: randomUUID(), role: 'manager' } })
  const [about, one, other, itself] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  await applySnapshot(device, {
    conflicts: [
      conflictOf(about, { name: 'item.create', args: { name: 'Tea' } }),
      conflictOf(one, resolve(other)),
      conflictOf(other, resolve(one)),
      conflictOf(itself, resolve(itself)),
    ],
  })
  expect(describeMutation(device, resolve(about))).toEqual({ title: 'Tea', note: 'Resolved' })
  for (const id of [one, itself]) expect(describeMutation(device, resolve(id)).title).toBe('Resolved')
  device.close()
})

test.each(['__proto__', 'hasOwnProperty', 'constructor'])('%s is neither a verb nor a field', async (name) => {
  const device = await Device.open({ name: randomUUID(), actor: { userId: randomUUID(), role: 'staff' } })
  expect(describeMutation(device, { name, args: {} })).toEqual({ title: name, note: '' })
  expect(fieldName(name)).toBe(name)
  device.close()
})
