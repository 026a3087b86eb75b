// The table of sync states. Its types make it complete. These tests check the transitions, and that no state is shown
// wrongly.
import { describe, expect, test } from 'vitest'
import type { SyncEvent, SyncState } from './sync-state.ts'
import { DISPLAYED_STATE, TRANSITIONS, WAIT_MS } from './sync-state.ts'

const STATES = Object.keys(TRANSITIONS) as SyncState[]
const EVENTS = Object.keys(TRANSITIONS.idle) as SyncEvent[]
const ANSWERS: readonly SyncEvent[] = ['pushAnswered', 'pullAnswered', 'firstSyncPage']
const FAILURES: readonly SyncEvent[] = [
  'noAnswer',
  'retryLater',
  'serverOutdated',
  'refused',
  'storageFailed',
  'signedOut',
  'revoked',
]
/** In these states no round runs, and answers to earlier requests are ignored. */
const ASLEEP: readonly SyncState[] = ['following', 'paused', 'signedOut', 'revoked']
const facts = { failures: 3, retryAfterMs: undefined, isSocketOpen: false, random: 0.5 }

const after = (start: SyncState, ...events: SyncEvent[]) =>
  events.reduce((state, event) => TRANSITIONS[state][event].to, start)

test('every state can be reached from the start, and left again', () => {
  const reached = new Set<SyncState>(['following'])
  for (const state of reached) for (const event of EVENTS) reached.add(TRANSITIONS[state][event].to)
  expect([...reached].toSorted()).toEqual(STATES.toSorted())
  for (const state of STATES) expect(EVENTS.some((event) => TRANSITIONS[state][event].to !== state)).toBe(true)
})

test('every state has every event', () => {
  for (const state of STATES) expect(Object.keys(TRANSITIONS[state]).toSorted()).toEqual(EVENTS.toSorted())
})

test('[D9] “online” is shown only after an answer, and only until a request fails', () => {
  // Every reachable state, with whether the last result from the server was an answer.
  const reached = new Map([['following false', { state: 'following' as SyncState, isAnswered: false }]])
  for (const { state, isAnswered } of reached.values()) {
    for (const event of EVENTS) {
      const asleep = ASLEEP.includes(state)
      const next = TRANSITIONS[state][event].to
      const isOver = FAILURES.includes(event) || event === 'socketLost' || (asleep && next === 'connecting')
      const isAnsweredNext = !isOver && (isAnswered || (!asleep && ANSWERS.includes(event)))
      if (DISPLAYED_STATE[next] === 'online') expect([state, event, isAnsweredNext]).toEqual([state, event, true])
      reached.set(`${next} ${isAnsweredNext}`, { state: next, isAnswered: isAnsweredNext })
    }
  }
  expect(reached.size).toBeGreaterThan(STATES.length)
})

test('[D9] a lost socket is an unknown connection until an answer arrives, and the request for it has jitter', () => {
  for (const state of ['idle', 'pushing', 'pulling', 'loading', 'reconnecting'] as const) {
    expect(TRANSITIONS[state].socketLost).toEqual({ to: 'reconnecting', effects: ['pullSoon'] })
    expect(TRANSITIONS[state].socketMoved).toEqual({ to: state, effects: ['pullSoon'] }) // the server announced it
  }
  expect([
    DISPLAYED_STATE.reconnecting,
    after('reconnecting', 'roundCompleted'),
    after('reconnecting', 'pullAnswered', 'roundCompleted'),
  ]).toEqual(['connecting', 'reconnecting', 'idle'])
})

test('[D9] while paused, following or signed out, no event causes a request', () => {
  for (const state of ASLEEP) {
    for (const event of EVENTS) {
      const { to, effects } = TRANSITIONS[state][event]
      const asks = effects.some((effect) => ['push', 'pull', 'pullWithRetry', 'pullSoon'].includes(effect))
      if (ASLEEP.includes(to)) expect([state, event, asks]).toEqual([state, event, false])
    }
    expect(WAIT_MS[state](facts)).toBe(Number.POSITIVE_INFINITY)
  }
})

test('a person’s “work offline” applies until that person ends it', () => {
  for (const event of EVENTS) expect(after('paused', event)).toBe(event === 'resume' ? 'connecting' : 'paused')
  for (const state of STATES) expect(after(state, 'pause')).toBe('paused')
})

describe('a server that asks to wait', () => {
  test('[D11] local writes, pokes and the network’s return do not shorten the wait', () => {
    for (const event of ['pushRequested', 'pullRequested', 'networkHint', 'socketLost'] as const)
      expect(TRANSITIONS.limited[event]).toEqual({ to: 'limited', effects: [] })
  })

  test('[D11] a person’s own “sync now” tries once, and waits again if it is still limited', () => {
    expect(TRANSITIONS.limited.syncRequested).toEqual({ to: 'limited', effects: ['pull'] })
    expect(TRANSITIONS.limited.retryLater).toEqual({ to: 'limited', effects: ['backOff'] })
  })

  test('[D11] the wait is at least the requested time, at most an hour, plus up to half a minute of jitter', () => {
    const wait = (retryAfterMs: number, random: number) => WAIT_MS.limited({ ...facts, retryAfterMs, random })
    expect([wait(2000, 0), wait(2000, 0.5)]).toEqual([2000, 3000])
    expect([wait(600_000, 0), wait(600_000, 0.999)]).toEqual([600_000, 629_970])
    expect(wait(86_400_000, 0)).toBe(3_600_000)
  })
})

test('a failure drops earlier requests, because the next round includes everything', () => {
  for (const state of STATES.filter((it) => !ASLEEP.includes(it)))
    for (const event of FAILURES) expect(TRANSITIONS[state][event].effects).toContain('backOff')
})

test('the wait after a failure has full jitter and is at most half a minute', () => {
  const wait = (failures: number, random: number) => WAIT_MS.offline({ ...facts, failures, random })
  expect([wait(1, 0), wait(1, 0.5), wait(100, 0.999)]).toEqual([100, 600, 30_070])
})
