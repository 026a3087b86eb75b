// The table of sync states: total by its types; here, that it goes where people expect, and never says what is not so.
import { describe, expect, test } from 'vitest'
import type { SyncEvent, SyncState } from './sync-state.ts'
import { DISPLAYED_STATE, TRANSITIONS, WAIT_MS } from './sync-state.ts'

const STATES = Object.keys(TRANSITIONS) as SyncState[]
const EVENTS = Object.keys(TRANSITIONS.idle) as SyncEvent[]
const ANSWERS: readonly SyncEvent[] = ['pushAnswered', 'pullAnswered', 'firstPage']
const FAILURES: readonly SyncEvent[] = [
  'noAnswer',
  'askedToWait',
  'tooNew',
  'refused',
  'diskRefused',
  'signedOut',
  'revoked',
]
/** In these no round runs, and nothing that one of them had asked is listened to. */
const ASLEEP: readonly SyncState[] = ['following', 'paused', 'signedOut', 'revoked']
const facts = { failures: 3, retryAfterMs: undefined, isListening: false, random: 0.5 }

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

test('[D9] "online" is said only after an answer, and no longer than until one fails to come', () => {
  // Every state, with whether the last thing heard of the server was an answer, that any events lead to.
  const reached = new Map([['following false', { state: 'following' as SyncState, heard: false }]])
  for (const { state, heard } of reached.values()) {
    for (const event of EVENTS) {
      const asleep = ASLEEP.includes(state)
      const next = TRANSITIONS[state][event].to
      const isOver = FAILURES.includes(event) || event === 'socketLost' || (asleep && next === 'connecting')
      const hears = !isOver && (heard || (!asleep && ANSWERS.includes(event)))
      if (DISPLAYED_STATE[next] === 'online') expect([state, event, hears]).toEqual([state, event, true])
      reached.set(`${next} ${hears}`, { state: next, heard: hears })
    }
  }
  expect(reached.size).toBeGreaterThan(STATES.length)
})

test('[D9] a socket that is lost is doubt, whatever is under way, until somebody answers: asked spread, not at once', () => {
  for (const state of ['idle', 'pushing', 'pulling', 'loading', 'doubting'] as const) {
    expect(TRANSITIONS[state].socketLost).toEqual({ to: 'doubting', does: ['fetchSoon'] })
    expect(TRANSITIONS[state].socketMoved).toEqual({ to: state, does: ['fetchSoon'] }) // the server said so
  }
  expect([DISPLAYED_STATE.doubting, after('doubting', 'agreed'), after('doubting', 'pullAnswered', 'agreed')]).toEqual([
    'connecting',
    'doubting',
    'idle',
  ])
})

test('[D9] while paused, following, or signed out, nothing is asked whatever happens', () => {
  for (const state of ASLEEP) {
    for (const event of EVENTS) {
      const { to, does } = TRANSITIONS[state][event]
      const asks = does.some((effect) => ['send', 'fetch', 'probe', 'fetchSoon'].includes(effect))
      if (ASLEEP.includes(to)) expect([state, event, asks]).toEqual([state, event, false])
    }
    expect(WAIT_MS[state](facts)).toBe(Number.POSITIVE_INFINITY)
  }
})

test('a person’s "work offline" stands until that person ends it', () => {
  for (const event of EVENTS) expect(after('paused', event)).toBe(event === 'resume' ? 'connecting' : 'paused')
  for (const state of STATES) expect(after(state, 'pause')).toBe('paused')
})

describe('a server that asks for time gets it', () => {
  test('[D11] neither a local write, nor a poke, nor the network coming back shortens it', () => {
    for (const event of ['written', 'poked', 'hint', 'socketLost'] as const)
      expect(TRANSITIONS.limited[event]).toEqual({ to: 'limited', does: [] })
  })

  test('[D11] a person’s own wish is tried once: still limited, it waits again', () => {
    expect(TRANSITIONS.limited.asked).toEqual({ to: 'limited', does: ['fetch'] })
    expect(TRANSITIONS.limited.askedToWait).toEqual({ to: 'limited', does: ['rest'] })
  })

  test('[D11] the wait is at least what was asked for, spread over up to half a minute more, and at most an hour and that', () => {
    const wait = (retryAfterMs: number, random: number) => WAIT_MS.limited({ ...facts, retryAfterMs, random })
    expect([wait(2000, 0), wait(2000, 0.5)]).toEqual([2000, 3000])
    expect([wait(600_000, 0), wait(600_000, 0.999)]).toEqual([600_000, 629_970])
    expect(wait(86_400_000, 0)).toBe(3_600_000)
  })
})

test('a failure forgets what was wanted before it: the next round asks for everything anyway', () => {
  for (const state of STATES.filter((it) => !ASLEEP.includes(it)))
    for (const event of FAILURES) expect(TRANSITIONS[state][event].does).toContain('rest')
})

test('waiting after a failure has full jitter and never takes longer than half a minute', () => {
  const wait = (failures: number, random: number) => WAIT_MS.offline({ ...facts, failures, random })
  expect([wait(1, 0), wait(1, 0.5), wait(100, 0.999)]).toEqual([100, 600, 30_070])
})
