import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { StartError } from '../process/start-error.ts'
import { runCommand } from './run-command.ts'

const { exitCode } = process
let errors = ''

beforeEach(() => {
  errors = ''
  process.exitCode = undefined
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += String(text)
    return true
  })
})
afterEach(() => {
  vi.restoreAllMocks()
  process.exitCode = exitCode
})

test('closes what a command opened in the opposite order, and sets its exit code', async () => {
  const closed: string[] = []
  await runCommand({
    name: 'test',
    run: async ({ closeAtEnd }) => {
      for (const name of ['database', 'bus']) closeAtEnd(async () => closed.push(name))
      return 3
    },
  })
  expect([closed, process.exitCode, errors]).toEqual([['bus', 'database'], 3, ''])
})

test('reports a problem of the environment in one line, and closes everything', async () => {
  const close = vi.fn(async () => undefined)
  await runCommand({
    name: 'test',
    failureCode: 2,
    run: async ({ closeAtEnd }) => {
      closeAtEnd(close)
      throw new StartError('the port is in use')
    },
  })
  expect([process.exitCode, errors]).toEqual([2, 'test: the port is in use\n'])
  expect(close).toHaveBeenCalledOnce()
})

test('reports a bug with its stack, and other errors in the words of the command', async () => {
  const run = () => Promise.reject(new Error('a bug'))
  await runCommand({ name: 'test', run })
  expect(errors).toMatch(/^test: Error: a bug\n +at /)
  errors = ''
  await runCommand({ name: 'test', explain: () => 'the disk is full', run })
  expect(errors).toBe('test: the disk is full\n')
})

test('a failed close fails the command, but does not prevent the others', async () => {
  const close = vi.fn(async () => undefined)
  await runCommand({
    name: 'test',
    run: async ({ closeAtEnd }) => {
      closeAtEnd(close)
      closeAtEnd(() => Promise.reject(new StartError('it does not stop')))
    },
  })
  expect([process.exitCode, errors]).toEqual([1, 'test: it does not stop\n'])
  expect(close).toHaveBeenCalledOnce()
})
