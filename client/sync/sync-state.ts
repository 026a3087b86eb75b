// How it stands between this tab and the server: every state with every event, in one table that the types keep
// complete. Pure; sync.ts does what it says. What people are shown follows from the state alone, and is never a guess:
// "online" only after an answer, "connecting" until the first attempt has ended, and once the socket is lost. Keeps D9.
import type { ConnectionState } from '../device/connection-status.ts'

export type SyncState =
  /** Another tab leads: it says how it stands. */
  | 'following'
  /** The first attempt is under way. */
  | 'connecting'
  /** The first sync: rows arrive. */
  | 'loading'
  | 'pushing'
  | 'pulling'
  /** The last round ended well. */
  | 'idle'
  /** The socket is gone, and nobody has answered since: perhaps the network with it. */
  | 'doubting'
  /** Nobody answers. */
  | 'offline'
  /** The server asks for time (429, 503): nothing but a person's own wish shortens it. */
  | 'limited'
  /** The server is older than this app: it waits for its update. */
  | 'outdated'
  /** The server answers, and takes or gives nothing: the reason says why. */
  | 'refused'
  /** The disk refuses: what the server says cannot be kept. */
  | 'storageFailed'
  | 'signedOut'
  /** The person may no longer work here. */
  | 'revoked'
  /** A person chose to work offline. */
  | 'paused'

type TabEvent = 'lead' | 'follow'
type PersonEvent = 'pause' | 'resume' | 'asked' | 'signedIn'
/**
 * `written`: something waits here; `poked`: something waits there; `hint`: the network or the tab may have come back;
 * `socketMoved`: the server sends its sockets elsewhere.
 */
type Hint = 'written' | 'poked' | 'hint' | 'due' | 'socketMoved' | 'socketLost'
/** `firstPage`: of the first sync; `agreed`: the round has ended, and nothing is left to ask. */
type Answer = 'pushAnswered' | 'pullAnswered' | 'firstPage' | 'agreed'
type Failure = 'noAnswer' | 'askedToWait' | 'tooNew' | 'refused' | 'diskRefused' | 'signedOut' | 'revoked'

export type SyncEvent = TabEvent | PersonEvent | Hint | Answer | Failure

export type Effect =
  /** A round, now or right after the one under way: what waits is sent. */
  | 'send'
  /** The same, and what is new is fetched. */
  | 'fetch'
  /** The same; and should the round under way fail, once more: it may have begun before the network came back. */
  | 'probe'
  /** The same within some seconds: a thousand devices lose their sockets at once. */
  | 'fetchSoon'
  /** Whatever was wanted waits for its time. */
  | 'rest'
  /** Ends the round under way, and none follows that was wanted before. */
  | 'abort'
  /** Closes the socket. */
  | 'hangUp'

export interface Transition {
  to: SyncState
  does: readonly Effect[]
}

const to = (state: SyncState, ...does: Effect[]): Transition => ({ to: state, does })

/** An answer may have been under way when the round was ended: it says nothing any more. */
const unheard = (state: SyncState): Record<Answer | Failure, Transition> => ({
  pushAnswered: to(state),
  pullAnswered: to(state),
  firstPage: to(state),
  agreed: to(state),
  noAnswer: to(state),
  askedToWait: to(state),
  tooNew: to(state),
  refused: to(state),
  diskRefused: to(state),
  signedOut: to(state),
  revoked: to(state),
})

/** In a round. Only an answer leads to "agreed": a round that asked nothing has learnt nothing. */
const heard = (agreed: SyncState): Record<Answer | Failure, Transition> => ({
  pushAnswered: to('pushing'),
  pullAnswered: to('pulling'),
  firstPage: to('loading'),
  agreed: to(agreed),
  noAnswer: to('offline', 'rest', 'hangUp'),
  askedToWait: to('limited', 'rest'),
  tooNew: to('outdated', 'rest', 'hangUp'),
  refused: to('refused', 'rest'),
  diskRefused: to('storageFailed', 'rest', 'hangUp'),
  signedOut: to('signedOut', 'rest', 'hangUp'),
  revoked: to('revoked', 'rest', 'hangUp'),
})

const deaf = (state: SyncState): Record<Hint, Transition> => ({
  written: to(state),
  poked: to(state),
  hint: to(state),
  due: to(state),
  socketMoved: to(state),
  socketLost: to(state),
})

const eager = (state: SyncState): Record<Hint, Transition> => ({
  written: to(state, 'send'),
  poked: to(state, 'fetch'),
  hint: to(state, 'probe'),
  due: to(state, 'fetch'),
  socketMoved: to(state, 'fetchSoon'),
  socketLost: to(state === 'connecting' ? state : 'doubting', 'fetchSoon'),
})

/** Leading and awake: pausing, or another tab that leads, ends everything under way. */
const leading = (state: SyncState): Record<TabEvent | PersonEvent, Transition> => ({
  lead: to(state),
  follow: to('following', 'abort', 'hangUp'),
  pause: to('paused', 'abort', 'hangUp'),
  resume: to(state),
  asked: to(state, 'fetch'),
  signedIn: to(state, 'fetch'),
})

/** Asleep until a person signs in. */
const locked = (state: SyncState): Record<TabEvent | PersonEvent | Hint, Transition> => ({
  ...deaf(state),
  ...leading(state),
  asked: to(state),
  signedIn: to('connecting', 'fetch'),
})

const running = (state: SyncState, agreed: SyncState): Record<SyncEvent, Transition> => ({
  ...leading(state),
  ...eager(state),
  ...heard(agreed),
})

/** After a failure: a local write does not shorten the wait, or every scan would knock at a door that is shut. */
const waiting = (state: SyncState, onHint: Transition): Record<SyncEvent, Transition> => ({
  ...leading(state),
  ...deaf(state),
  hint: onHint,
  due: to(state, 'fetch'),
  ...heard(state),
})

export const TRANSITIONS: Record<SyncState, Record<SyncEvent, Transition>> = {
  following: {
    ...unheard('following'),
    ...deaf('following'),
    lead: to('connecting', 'fetch'),
    follow: to('following'),
    pause: to('paused'),
    resume: to('following'),
    asked: to('following'),
    signedIn: to('following'),
  },
  connecting: running('connecting', 'connecting'),
  loading: running('loading', 'idle'),
  pushing: running('pushing', 'idle'),
  pulling: running('pulling', 'idle'),
  idle: running('idle', 'idle'),
  doubting: running('doubting', 'doubting'),
  offline: waiting('offline', to('offline', 'probe')),
  limited: waiting('limited', to('limited')),
  outdated: waiting('outdated', to('outdated')),
  refused: waiting('refused', to('refused')),
  storageFailed: waiting('storageFailed', to('storageFailed', 'probe')),
  signedOut: { ...locked('signedOut'), ...unheard('signedOut'), revoked: to('revoked') },
  revoked: { ...locked('revoked'), ...unheard('revoked') },
  paused: {
    ...unheard('paused'),
    ...deaf('paused'),
    lead: to('paused'),
    follow: to('paused'),
    pause: to('paused'),
    resume: to('connecting', 'fetch'),
    asked: to('paused'),
    signedIn: to('paused'),
  },
}

/** What a state is called in front of people. */
export const DISPLAYED_STATE: Record<SyncState, ConnectionState> = {
  following: 'connecting', // until the leading tab has told
  connecting: 'connecting',
  loading: 'online',
  pushing: 'online',
  pulling: 'online',
  idle: 'online',
  doubting: 'connecting',
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
/** Even a first retry leaves room for whatever failed to pass. */
const BACKOFF_LEAST_MS = 100
/** Without a socket, this often is asked. With one, its heads come every 20 s. */
const POLL_MS = 30_000
/** An update of the server takes minutes. */
const OUTDATED_MS = 60_000
/** A server that names a longer wait than this is asked before it: its clock, or a proxy's, is wrong. */
const RETRY_AFTER_MAX_MS = 3_600_000
/** Those who were all told the same time come back spread over as long again, but not over more than this. */
const RETRY_SPREAD_MAX_MS = 30_000

export interface WaitFacts {
  /** Rounds that failed in a row. */
  failures: number
  /** What the server asked for. */
  retryAfterMs: number | undefined
  isListening: boolean
  /** From 0 to below 1. */
  random: number
}

/** Full jitter (Brooker, "Exponential Backoff And Jitter", 2015). */
const backoff = ({ failures, random }: WaitFacts) =>
  BACKOFF_LEAST_MS + random * Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** failures)
const whileAgreed = ({ isListening }: WaitFacts) => (isListening ? Number.POSITIVE_INFINITY : POLL_MS)
const never = () => Number.POSITIVE_INFINITY
const atOnce = () => 0

/** How long a state lasts before `due`, ms. */
export const WAIT_MS: Record<SyncState, (facts: WaitFacts) => number> = {
  following: never,
  connecting: atOnce,
  loading: atOnce,
  pushing: atOnce,
  pulling: atOnce,
  idle: whileAgreed,
  doubting: whileAgreed,
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
