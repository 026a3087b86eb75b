// A bug whose target was renamed is a type error, and fails when it is planted.
import { expect, test } from 'vitest'
import { replaceClass, replaceEntry, wrapFunction, wrapMethod } from './plant.ts'

const outbox = () => import('../../../client/device/outbox/outbox.ts')
const pusher = () => import('../../../client/sync/pusher.ts')
const syncState = () => import('../../../client/sync/sync-state.ts')

test.each([
  // @ts-expect-error no such function
  [wrapFunction(outbox, 'noFunction', (original) => original), 'the module no longer has noFunction'],
  // @ts-expect-error no such class
  [wrapMethod(outbox, 'NoClass', 'dequeue', (original) => original), 'the module no longer has NoClass'],
  // @ts-expect-error no such method
  [wrapMethod(outbox, 'Outbox', 'noMethod', (original) => original), 'Outbox no longer has noMethod'],
  [
    replaceClass(
      pusher,
      'Pusher',
      (Pusher) =>
        class extends Pusher {
          // @ts-expect-error no such method
          override noMethod() {}
        },
    ),
    'Pusher no longer has noMethod',
  ],
  // @ts-expect-error no such table
  [replaceEntry(syncState, 'NO_TABLE', 'offline', () => 0), 'the module no longer has NO_TABLE'],
  // @ts-expect-error no such entry
  [replaceEntry(syncState, 'WAIT_MS', 'noEntry', () => 0), 'WAIT_MS no longer has noEntry'],
])('a name that does not exist is not planted (%#)', async (change, message) => {
  await expect(change.apply()).rejects.toThrow(message)
})

test('a function of a module that was not prepared for the bug is not planted', async () => {
  const change = wrapFunction(
    outbox,
    'renumber',
    (renumber) =>
      (...entry) =>
        renumber(...entry),
  )
  await expect(change.apply()).rejects.toThrow('renumber cannot be replaced')
})
