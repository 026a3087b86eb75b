import { afterEach, expect, test, vi } from 'vitest'
import { IdleTask } from './idle-task.ts'

afterEach(() => vi.unstubAllGlobals())

test('idle work that failed once is tried again at the next schedule', () => {
  const callbacks: IdleRequestCallback[] = []
  vi.stubGlobal('requestIdleCallback', (callback: IdleRequestCallback) => callbacks.push(callback))
  const deadline = { didTimeout: false, timeRemaining: () => 50 }
  const step = vi.fn<() => boolean>(() => false)
  step.mockImplementationOnce(() => {
    throw new Error('a bug')
  })
  const idle = new IdleTask(step)
  idle.schedule()
  expect(() => callbacks.pop()!(deadline)).toThrow('a bug')
  idle.schedule()
  callbacks.pop()?.(deadline)
  expect(step).toHaveBeenCalledTimes(2)
})
