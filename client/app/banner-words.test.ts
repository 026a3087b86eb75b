// The text of the connection banner, which always includes pending mutations.
import { beforeAll, expect, test, vi } from 'vitest'
import type { ConnectionStatus } from '../device/connection-status.ts'
import { startLanguage } from '../strings/strings.ts'
import { bannerWords, STATE_DISPLAY } from './banner-words.ts'

const now = new Date(2026, 10, 22, 10, 44).getTime()
const status: ConnectionStatus = { link: 'online', busy: false, loading: undefined, problem: undefined }
const facts = { status, expired: false, pending: 0, asOf: new Date(2026, 10, 22, 10, 42).getTime(), now }

/** Replaces the spaces that prevent line breaks. */
const plain = (text: string) => text.replaceAll('\u00a0', ' ')

beforeAll(async () => {
  vi.stubGlobal('navigator', { languages: ['en-GB'] })
  vi.stubGlobal('document', { documentElement: { lang: '' } })
  vi.stubGlobal('localStorage', { getItem: () => null })
  await startLanguage()
})

test('online is quiet, and still shows pending mutations', () => {
  expect(bannerWords(facts)).toMatchObject({ tone: 'quiet', text: 'Online', note: 'as of 10:42' })
  expect(bannerWords({ ...facts, pending: 3 }).text).toBe('Online · 3 waiting')
})

test('offline shows pending mutations and the time of the data, with the day if it is not today', () => {
  const offline = { ...facts, status: { ...status, link: 'offline' as const }, pending: 3 }
  expect(bannerWords(offline)).toMatchObject({ tone: 'warn', text: 'Offline · 3 waiting', note: 'as of 10:42' })
  expect(bannerWords({ ...offline, asOf: now - 86_400_000 }).note).toContain('21 Nov')
  expect(bannerWords({ ...offline, asOf: 0 }).note).toBeUndefined()
})

test('an ended session shows the pending mutations, in every state', () => {
  const words = bannerWords({ ...facts, expired: true, pending: 3 })
  expect(words).toMatchObject({ tone: 'bad', signIn: true })
  expect(plain(words.text)).toBe('Signed out · 3 waiting')
})

test('the first sync shows the number of rows', () => {
  const loading = { ...status, loading: { rows: 42_000, fraction: 0.4 } }
  expect(bannerWords({ ...facts, status: loading })).toMatchObject({ text: 'Loading 42,000 rows…', fraction: 0.4 })
})

test('[D9] pending mutations are shown as waiting in every state', () => {
  for (const link of Object.keys(STATE_DISPLAY) as ConnectionStatus['link'][]) {
    for (const loading of [undefined, { rows: 0, fraction: 0 }, { rows: 7, fraction: 0.5 }]) {
      const { text, tone } = bannerWords({ ...facts, status: { ...status, link, loading }, pending: 3 })
      expect([link, plain(text)]).toEqual([link, expect.stringContaining('3 waiting')])
      expect(tone === 'quiet').toBe(
        loading === undefined ? link === 'online' || link === 'connecting' : link === 'connecting',
      )
    }
  }
})
