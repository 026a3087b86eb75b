import { afterEach, expect, test, vi } from 'vitest'
import { ACCESS_TTL_S, AccessTokens } from './access-tokens.ts'

// The clock is simulated: nobody waits ten minutes for a token to run out.
afterEach(() => vi.useRealTimers())

test('[I4] a token that was good a moment ago runs out all the same', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const tokens = new AccessTokens('x'.repeat(40))
  const claims = { orgId: 'o', userId: 'u', sessionId: 's' }
  const token = await tokens.sign(claims)
  expect(await tokens.verify(token)).toEqual(claims)
  vi.advanceTimersByTime((ACCESS_TTL_S - 2) * 1000)
  expect(await tokens.verify(token)).toEqual(claims)
  vi.advanceTimersByTime(3_000)
  expect(await tokens.verify(token)).toBeUndefined()
  expect(await tokens.verify(`${token}x`)).toBeUndefined()
})
