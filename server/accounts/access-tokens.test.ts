import { afterEach, expect, test, vi } from 'vitest'
import { ACCESS_TTL_S, AccessTokens } from './access-tokens.ts'

// The clock is simulated, because a token only expires after ten minutes.
afterEach(() => vi.useRealTimers())

test('[I4] a token that was just verified still expires on time', async () => {
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
