// Two tabs of one browser, each with its own session over the shared cookie. The server is simulated: only the person
// of the cookie matters here.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Session } from './session.ts'

const signedIn = (name: string) => ({
  accessToken: `token of ${name}`,
  expiresInS: 600,
  user: { id: name, name, email: `${name}@example.com`, role: 'staff' },
  org: { id: '2', name: 'The shop' },
})
/** The person that the cookie identifies. */
let cookie: string | undefined

beforeEach(() => {
  cookie = undefined
  const storage = new Map<string, string>()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  })
  vi.stubGlobal('fetch', async (url: string, { body }: { body?: string }) => {
    if (url.includes('auth.login')) cookie = (JSON.parse(body!) as { email: string }).email.split('@')[0]
    return cookie
      ? Response.json({ result: { data: signedIn(cookie) } })
      : Response.json(
          { error: { message: '', code: -32001, data: { httpStatus: 401, refusal: 'unauthenticated' } } },
          { status: 401 },
        )
  })
})
afterEach(() => vi.unstubAllGlobals())

test('signing in in one tab also signs in the tabs whose session had ended', async () => {
  const [one, two] = [new Session(), new Session()]
  expect([await one.token(), one.expired.value]).toEqual([undefined, true])
  expect(await two.signIn('ada@example.com', 'correct horse battery')).toEqual({ ok: true })
  await vi.waitFor(() => expect(one.expired.value).toBe(false))
  expect(await one.token()).toBe('token of ada')
})

test('[D17] pending mutations of one person are never sent with the token of another who signs in in another tab', async () => {
  const [one, two] = [new Session(), new Session()]
  await one.signIn('ada@example.com', 'correct horse battery')
  const adas = one.of(one.person.value!)
  expect(await adas.token()).toBe('token of ada')
  await two.signIn('bob@example.com', 'correct horse battery')
  await vi.waitFor(async () => expect(await one.token()).toBe('token of bob'))
  expect(await adas.token()).toBeUndefined()
})
