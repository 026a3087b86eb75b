// The connection between this tab and the server: every state with every event, in one table that the types keep
// complete. Pure; sync.ts runs the effects. The status that people see follows from the state alone and is never a
// guess: "online" only after an answer, "connecting" until the first attempt has ended and after the socket is lost.
// Keeps D9.
import type { ConnectionState } from '../device/connection-status.ts'

export type SyncState =
  /** Another tab leads and reports the status. */
  | 'following'
  /** The first attempt is running. */
  | 'connecting'
  /** The first sync is running. */
  | 'loading'
  | 'pushing'
  | 'pulling'
  /** The last round succeeded. */
  | 'idle'
  /** The socket is lost, and the server has not answered since. The network may be lost too. */
  | 'reconnecting'
  /** The server does not answer. */
  | 'offline'
  /** The server asks to wait (429, 503). Only a person's own "sync now" tries earlier. */
  | 'limited'
  /** The server is older than this app. The device waits for the server's update. */
  | 'outdated'
  /** The server answers with a refusal, which says why. */
  | 'refused'
  /** The disk cannot store the server's answers. */
  | 'storageFailed'
  | 'signedOut'
  /** The person has lost access. */
  | 'revoked'
  /** A person chose to work offline. */
  | 'paused'

type TabEvent = 'becameLeader' | 'becameFollower'
type PersonEvent = 'pause' | 'resume' | 'syncRequested' | 'signedIn'
/**
 * `pushRequested`: mutations are pending here; `pullRequested`: the server has something new; `networkHint`: the
 * network or the tab may be back; `timerFired`: the state's wait is over; `socketMoved`: the server asked the socket to
 * reconnect elsewhere.
 */
type HintEvent = 'pushRequested' | 'pullRequested' | 'networkHint' | 'timerFired' | 'socketMoved' | 'socketLost'
/**
 * `firstSyncPage`: a page of the first sync was applied; `roundCompleted`: the round ended, and nothing is left to
 * request.
 */
type AnswerEvent = 'pushAnswered' | 'pullAnswered' | 'firstSyncPage' | 'roundCompleted'
type FailureEvent = 'noAnswer' | 'retryLater' | 'serverOutdated' | 'refused' | 'storageFailed' | 'signedOut' | 'revoked'

export type SyncEvent = TabEvent | PersonEvent | HintEvent | AnswerEvent | FailureEvent

export type Effect =
  /** Starts a round now, or after the current one, that pushes pending mutations. */
  | 'push'
  /** The same, and pulls. */
  | 'pull'
  /** The same, and repeats the round if the current one fails, which may have begun before the network came back. */
  | 'pullWithRetry'
  /** Pulls within some seconds. The delay is random, because a thousand devices lose their sockets at once. */
  | 'pullSoon'
  /** Postpones what was requested until the state's wait is over. */
  | 'backOff'
  /** Ends the current round and drops what was requested. */
  | 'abortRound'
  | 'closeSocket'

export interface Transition {
  to: SyncState
  effects: readonly Effect[]
}

const to = (state: SyncState, ...effects: Effect[]): Transition => ({ to: state, effects })

/** A late answer: the round that it belongs to has been aborted. */
const ignoreAnswers = (state: SyncState): Record<AnswerEvent | FailureEvent, Transition> => ({
  pushAnswered: to(state),
  pullAnswered: to(state),
  firstSyncPage: to(state),
  roundCompleted: to(state),
  noAnswer: to(state),
  retryLater: to(state),
  serverOutdated: to(state),
  refused: to(state),
  storageFailed: to(state),
  signedOut: to(state),
  revoked: to(state),
})

/** In a round. Only an answer leads to `idle`; a round that asked nothing does not change the state. */
const handleAnswers = (afterRound: SyncState): Record<AnswerEvent | FailureEvent, Transition> => ({
  pushAnswered: to('pushing'),
  pullAnswered: to('pulling'),
  firstSyncPage: to('loading'),
  roundCompleted: to(afterRound),
  noAnswer: to('offline', 'backOff', 'closeSocket'),
  retryLater: to('limited', 'backOff'),
  serverOutdated: to('outdated', 'backOff', 'closeSocket'),
  refused: to('refused', 'backOff'),
  storageFailed: to('storageFailed', 'backOff', 'closeSocket'),
  signedOut: to('signedOut', 'backOff', 'closeSocket'),
  revoked: to('revoked', 'backOff', 'closeSocket'),
})

const ignoreHints = (state: SyncState): Record<HintEvent, Transition> => ({
  pushRequested: to(state),
  pullRequested: to(state),
  networkHint: to(state),
  timerFired: to(state),
  socketMoved: to(state),
  socketLost: to(state),
})

const handleHints = (state: SyncState): Record<HintEvent, Transition> => ({
  pushRequested: to(state, 'push'),
  pullRequested: to(state, 'pull'),
  networkHint: to(state, 'pullWithRetry'),
  timerFired: to(state, 'pull'),
  socketMoved: to(state, 'pullSoon'),
  socketLost: to(state === 'connecting' ? state : 'reconnecting', 'pullSoon'),
})

/** Leading and awake. Pausing, or another tab that leads, ends all requests. */
const leaderEvents = (state: SyncState): Record<TabEvent | PersonEvent, Transition> => ({
  becameLeader: to(state),
  becameFollower: to('following', 'abortRound', 'closeSocket'),
  pause: to('paused', 'abortRound', 'closeSocket'),
  resume: to(state),
  syncRequested: to(state, 'pull'),
  signedIn: to(state, 'pull'),
})

/** Does not send anything until a person signs in. */
const untilSignIn = (state: SyncState): Record<TabEvent | PersonEvent | HintEvent, Transition> => ({
  ...ignoreHints(state),
  ...leaderEvents(state),
  syncRequested: to(state),
  signedIn: to('connecting', 'pull'),
})

const active = (state: SyncState, afterRound: SyncState): Record<SyncEvent, Transition> => ({
  ...leaderEvents(state),
  ...handleHints(state),
  ...handleAnswers(afterRound),
})

/** After a failure. A local write does not shorten the wait; otherwise every scan would send a request that fails. */
const backingOff = (state: SyncState, onHint: Transition): Record<SyncEvent, Transition> => ({
  ...leaderEvents(state),
  ...ignoreHints(state),
  networkHint: onHint,
  timerFired: to(state, 'pull'),
  ...handleAnswers(state),
})

export const TRANSITIONS: Record<SyncState, Record<SyncEvent, Transition>> = {
  following: {
    ...ignoreAnswers('following'),
    ...ignoreHints('following'),
    becameLeader: to('connecting', 'pull'),
    becameFollower: to('following'),
    pause: to('paused'),
    resume: to('following'),
    syncRequested: to('following'),
    signedIn: to('following'),
  },
  connecting: active('connecting', 'connecting'),
  loading: active('loading', 'idle'),
  pushing: active('pushing', 'idle'),
  pulling: active('pulling', 'idle'),
  idle: active('idle', 'idle'),
  reconnecting: active('reconnecting', 'reconnecting'),
  offline: backingOff('offline', to('offline', 'pullWithRetry')),
  limited: backingOff('limited', to('limited')),
  outdated: backingOff('outdated', to('outdated')),
  refused: backingOff('refused', to('refused')),
  storageFailed: backingOff('storageFailed', to('storageFailed', 'pullWithRetry')),
  signedOut: { ...untilSignIn('signedOut'), ...ignoreAnswers('signedOut'), revoked: to('revoked') },
  revoked: { ...untilSignIn('revoked'), ...ignoreAnswers('revoked') },
  paused: {
    ...ignoreAnswers('paused'),
    ...ignoreHints('paused'),
    becameLeader: to('paused'),
    becameFollower: to('paused'),
    pause: to('paused'),
    resume: to('connecting', 'pull'),
    syncRequested: to('paused'),
    signedIn: to('paused'),
  },
}

/** The connection state that people see. */
export const DISPLAYED_STATE: Record<SyncState, ConnectionState> = {
  following: 'connecting', // until the leaderEvents tab has sent its status
  connecting: 'connecting',
  loading: 'online',
  pushing: 'online',
  pulling: 'online',
  idle: 'online',
  reconnecting: 'connecting',
  offline: 'offline',
  limited: 'limited',
  outdated: 'outdated',
  refused: 'refused',
  storageFailed: 'storage',
  signedOut: 'signed_out',
  revoked: 'revoked',
  paused: 'paused',
}

const BACKOFF_MIN_MS = 500
const BACKOFF_MAX_MS = 30_000
/** Even the first retry gives the failure time to pass. */
const BACKOFF_LEAST_MS = 100
/** Interval of pulls without a socket. With one, the server sends the current version every 20 s. */
const POLL_MS = 30_000
/** An update of the server takes minutes. */
const OUTDATED_MS = 60_000
/** The device does not wait longer than this, because the server's clock, or a proxy's, must be wrong. */
const RETRY_AFTER_MAX_MS = 3_600_000
/** Devices that got the same Retry-After spread over as long again, but at most this long. */
const RETRY_SPREAD_MAX_MS = 30_000

export interface WaitFacts {
  /** Failed rounds in a row. */
  failures: number
  /** The Retry-After of the server. */
  retryAfterMs: number | undefined
  isSocketOpen: boolean
  /** 0 ≤ random < 1 */
  random: number
}

/** Full jitter (Brooker, "Exponential Backoff And Jitter", 2015). */
const backoff = ({ failures, random }: WaitFacts) =>
  BACKOFF_LEAST_MS + random * Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** failures)
const untilPoll = ({ isSocketOpen }: WaitFacts) => (isSocketOpen ? Number.POSITIVE_INFINITY : POLL_MS)
const never = () => Number.POSITIVE_INFINITY
const immediately = () => 0

/** How long a state lasts before `timerFired`, ms. */
export const WAIT_MS: Record<SyncState, (facts: WaitFacts) => number> = {
  following: never,
  connecting: immediately,
  loading: immediately,
  pushing: immediately,
  pulling: immediately,
  idle: untilPoll,
  reconnecting: untilPoll,
  offline: backoff,
  limited: (facts) => {
    if (facts.retryAfterMs === undefined) return backoff(facts)
    const asked = Math.min(facts.retryAfterMs, RETRY_AFTER_MAX_MS)
    return asked + facts.random * Math.min(asked, RETRY_SPREAD_MAX_MS)
  },
  outdated: (facts) => OUTDATED_MS * (1 + facts.random),
  refused: backoff,
  storageFailed: backoff,
  signedOut: never,
  revoked: never,
  paused: never,
}
