import { afterEach, expect, test, vi } from 'vitest'
import { IdleTask } from './idle-task.ts'

afterEach(() => vi.unstubAllGlobals())

test('idle work that failed once is done again when there is something to do', () => {
  const waiting: IdleRequestCallback[] = []
  vi.stubGlobal('requestIdleCallback', (callback: IdleRequestCallback) => waiting.push(callback))
  const deadline = { didTimeout: false, timeRemaining: () => 50 }
  const step = vi.fn<() => boolean>(() => false)
  step.mockImplementationOnce(() => {
    throw new Error('a bug')
  })
  const idle = new IdleTask(step)
  idle.schedule()
  expect(() => waiting.pop()!(deadline)).toThrow('a bug')
  idle.schedule()
  waiting.pop()?.(deadline)
  expect(step).toHaveBeenCalledTimes(2)
})
