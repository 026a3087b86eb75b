// The messages for a failed sign-in.
import { beforeAll, expect, test, vi } from 'vitest'
import type { SignInResult } from '../../session/session.ts'
import { loadAllStrings, startLanguage } from '../../strings/strings.ts'
import { SignInModel } from './sign-in-model.ts'

beforeAll(async () => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] })
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  vi.stubGlobal('localStorage', { getItem: () => null })
  await startLanguage()
  await loadAllStrings()
})

function modelOf(result: SignInResult, { setupNeeded = false } = {}) {
  const requests: unknown[] = []
  const done = vi.fn()
  const model = new SignInModel(
    {
      signIn: async (...given) => (requests.push(given), result),
      setup: async (given) => (requests.push(given), result),
      setupNeeded: async () => setupNeeded,
    },
    { done },
  )
  return { model, requests, done }
}

test('nothing is sent until both fields are filled in', async () => {
  const { model, requests } = modelOf({ ok: true })
  await model.submit()
  expect(Object.keys(model.wrong.value).toSorted()).toEqual(['email', 'password'])
  expect(requests).toEqual([])
})

test('a disabled person sees that, and not that the password is wrong', async () => {
  const { model } = modelOf({ ok: false, refusal: 'disabled' })
  model.set('email', 'ada@example.com')
  model.set('password', 'correct horse')
  await model.submit()
  expect(model.problem.value).toMatch(/^Your access here has ended\. A manager can restore it\./)
})

test('spaces around the address are removed', async () => {
  const { model, requests, done } = modelOf({ ok: true })
  model.set('email', ' ada@example.com ')
  model.set('password', ' secret ')
  await model.submit()
  expect(requests).toEqual([['ada@example.com', ' secret ']])
  expect(done).toHaveBeenCalled()
})

test.each([
  [{ ok: false, refusal: 'bad_credentials' }, /address and password do not match/],
  [{ ok: false, refusal: 'offline' }, /No connection/],
  [{ ok: false, refusal: 'rate_limited', retryAfterS: 120 }, /2 minutes/],
  [{ ok: false, refusal: 'unavailable' }, /database/],
  [{ ok: false, refusal: 'something_new' }, /something_new/],
] satisfies [SignInResult, RegExp][])('%j has a message', async (result, words) => {
  const { model, done } = modelOf(result)
  model.set('email', 'ada@example.com')
  model.set('password', 'secret')
  await model.submit()
  expect(model.problem.value).toMatch(words)
  expect(model.busy.value).toBe(false)
  expect(done).not.toHaveBeenCalled()
})

test('the first organisation needs its token, names and a long password', async () => {
  const { model, requests } = modelOf({ ok: false, refusal: 'bad_credentials' }, { setupNeeded: true })
  await model.checkSetup()
  model.set('email', 'ada@example.com')
  model.set('password', 'short')
  await model.submit()
  expect(Object.keys(model.wrong.value).toSorted()).toEqual(['name', 'organisation', 'password', 'token'])
  for (const field of ['token', 'organisation', 'name'] as const) model.set(field, 'x')
  model.set('password', 'long enough now')
  await model.submit()
  expect(requests).toHaveLength(1)
  expect(model.problem.value).toMatch(/token/)
})
