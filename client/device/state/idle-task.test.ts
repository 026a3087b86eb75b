import { afterEach, expect, test, vi } from 'vitest'
import { Idle } from './idle-task.ts'

afterEach(() => vi.unstubAllGlobals())

test('idle work that failed once is done again when there is something to do', () => {
  const waiting: IdleRequestCallback[] = []
  vi.stubGlobal('requestIdleCallback', (callback: IdleRequestCallback) => waiting.push(callback))
  const deadline = { didTimeout: false, timeRemaining: () => 50 }
  const step = vi.fn<() => boolean>(() => false)
  step.mockImplementationOnce(() => {
    throw new Error('a bug')
  })
  const idle = new Idle(step)
  idle.wake()
  expect(() => waiting.pop()!(deadline)).toThrow('a bug')
  idle.wake()
  waiting.pop()?.(deadline)
  expect(step).toHaveBeenCalledTimes(2)
})
