// Two tabs of one browser, each with a session of its own over the one cookie. The server is played: which person the cookie
// names is all that matters here.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Session } from './session.ts'

const SIGNED_IN = {
  accessToken: 'token',
  expiresInS: 600,
  user: { id: '1', name: 'Ada', email: 'ada@example.com', role: 'staff' },
  org: { id: '2', name: 'The shop' },
}
let isCookieGood = false

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  })
  vi.stubGlobal('fetch', async (url: string) => {
    if (url.includes('auth.login')) isCookieGood = true
    return isCookieGood
      ? Response.json({ result: { data: SIGNED_IN } })
      : Response.json(
          { error: { message: '', code: -32001, data: { httpStatus: 401, refusal: 'unauthenticated' } } },
          { status: 401 },
        )
  })
})
afterEach(() => vi.unstubAllGlobals())

test('whoever signs in in one tab is signed in in those that had given up as well', async () => {
  const [one, two] = [new Session(), new Session()]
  expect([await one.token(), one.expired.value]).toEqual([undefined, true])
  expect(await two.signIn('ada@example.com', 'correct horse battery')).toEqual({ ok: true })
  await vi.waitFor(() => expect(one.expired.value).toBe(false))
  expect(await one.token()).toBe('token')
})
