// The sync loop of the leading tab: push before pull, live in between, backing off when nobody answers. Keeps X1–X8.
import type { ReadonlySignal } from '@preact/signals'
import { effect, signal } from '@preact/signals'
import type { LiveMessage } from '#shared/protocol/wire.ts'
import type { Device } from '../device/device.ts'
import type { Clock } from './clock.ts'
import { browserClock } from './clock.ts'
import type { Loading } from './exchange.ts'
import { Exchange } from './exchange.ts'
import type { ServerLink, TokenSource } from './server-link.ts'
import { httpServerLink, LinkFailure } from './server-link.ts'
import { joinTabs } from './tabs.ts'

export interface SyncStatus {
  link: 'online' | 'offline' | 'paused' | 'signed_out'
  busy: boolean
  loading: Loading | undefined
  /** Why nothing moves, as a code of the catalogue. */
  problem: string | undefined
}

export interface SyncParts {
  device: Device
  session: TokenSource & { readonly expired: ReadonlySignal<boolean> }
  link?: ServerLink
  clock?: Clock
}

const BACKOFF_MIN_MS = 500
const BACKOFF_MAX_MS = 30_000
/** Without a socket, this often is asked. With one, its heads come every 20 s. */
const POLL_MS = 30_000
/** How long a push's own rows may take to come by the socket before they are pulled. */
const LIVE_GRACE_MS = 80
const LIVE_GLANCE_MS = 5
const PAUSED_KEY = 'stockhand.paused'

export class Sync {
  readonly status = signal<SyncStatus>({ link: 'offline', busy: false, loading: undefined, problem: undefined })
  readonly #device: Device
  readonly #session: SyncParts['session']
  readonly #link: ServerLink
  readonly #clock: Clock
  readonly #exchange: Exchange
  readonly #ended = new AbortController()
  #leave: (() => void) | undefined
  #wake: (() => void) | undefined
  #wanted = true
  #pullWanted = true
  #paused = globalThis.localStorage?.getItem(PAUSED_KEY) === 'yes'
  #live: { clientId: string; end: () => void; open: boolean } | undefined
  /** Live messages are taken one after the other, and not while a pull is under way. */
  #hearing: Promise<void> = Promise.resolve()
  #pulling = false
  #failures = 0
  /** Ends the round under way: a person wants to work offline now. */
  #roundEnd = new AbortController()

  constructor({ device, session, clock = browserClock, link = httpServerLink(session, undefined, clock) }: SyncParts) {
    this.#device = device
    this.#session = session
    this.#link = link
    this.#clock = clock
    this.#exchange = new Exchange({ device, link, clock })
  }

  start(): void {
    const name = `stockhand-sync-${this.#device.name}`
    this.#leave = joinTabs({ name, device: this.#device, lead: (ended) => this.#lead(ended) })
    const { signal } = this.#ended
    globalThis.addEventListener?.('online', () => this.kick(), { signal })
    globalThis.addEventListener?.('offline', () => this.#set({ link: this.#paused ? 'paused' : 'offline' }), { signal })
    globalThis.document?.addEventListener(
      'visibilitychange',
      () => document.visibilityState === 'visible' && this.kick(),
      {
        signal,
      },
    )
    const stopWatching = effect(() => {
      if (this.#device.wanted.value > 0) this.#nudge()
    })
    const stopWaiting = effect(() => {
      if (!this.#session.expired.value) this.#nudge()
    })
    signal.addEventListener('abort', stopWatching)
    signal.addEventListener('abort', stopWaiting)
    if (this.#paused) this.#set({ link: 'paused' })
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    this.#live?.end()
    this.#leave?.()
    this.#wake?.()
  }

  /** Synchronises now, whatever the backoff says. */
  kick(): void {
    this.#failures = 0
    this.#pullWanted = true
    this.#nudge()
  }

  /** "Work offline": nothing is sent or fetched until it is switched off, also after a restart. */
  pause(paused: boolean): void {
    this.#paused = paused
    globalThis.localStorage?.setItem(PAUSED_KEY, paused ? 'yes' : 'no')
    if (paused) {
      this.#roundEnd.abort()
      this.#endLive()
      this.#set({ link: 'paused', busy: false })
    } else this.kick()
  }

  #nudge(): void {
    this.#wanted = true
    this.#wake?.()
  }

  async #lead(ended: AbortSignal): Promise<void> {
    this.#pullWanted = true
    while (!ended.aborted) {
      this.#wanted = false
      const waitMs = this.#paused ? Number.POSITIVE_INFINITY : await this.#round(ended)
      if (!this.#wanted) await this.#sleep(waitMs)
    }
  }

  /** One round; resolves to how long to wait for the next, unless somebody wants one earlier. */
  async #round(leading: AbortSignal): Promise<number> {
    this.#roundEnd = new AbortController()
    const ended = AbortSignal.any([leading, this.#roundEnd.signal])
    try {
      this.#set({ busy: this.#device.pendingCount.value > 0 || this.#pullWanted })
      const sent = await this.#exchange.push(ended)
      if (sent && this.#live?.open) await this.#heardOf(() => !this.#exchange.isBehind)
      const { complete, epoch } = this.#device.point.value
      if (this.#pullWanted || this.#exchange.isBehind || !complete) await this.#pull(ended)
      if (epoch === 0) this.#wanted = true // what waited for the first pull can be sent now
      this.#failures = 0
      this.#set({ link: 'online', busy: false, loading: undefined, problem: undefined })
      await this.#listen()
      return this.#live?.open ? Number.POSITIVE_INFINITY : this.#pollLater()
    } catch (error) {
      if (ended.aborted) return this.#paused ? Number.POSITIVE_INFINITY : 0
      return this.#failed(error)
    }
  }

  async #pull(ended: AbortSignal): Promise<void> {
    this.#pullWanted = false
    this.#pulling = true
    try {
      await this.#hearing
      await this.#exchange.pull(ended, (loading) => this.#set({ link: 'online', loading }))
    } finally {
      this.#pulling = false
    }
  }

  /** Waits a moment for the socket to bring what was just pushed: that is cheaper than asking for it. */
  async #heardOf(isThere: () => boolean): Promise<void> {
    const until = this.#clock.monotonic() + LIVE_GRACE_MS
    while (!isThere() && this.#clock.monotonic() < until) {
      await this.#clock.wait(LIVE_GLANCE_MS)
      await this.#hearing
    }
  }

  #pollLater(): number {
    this.#pullWanted = true
    return POLL_MS
  }

  #failed(error: unknown): number {
    const failure = error instanceof LinkFailure ? error : undefined
    if (!failure) globalThis.reportError?.(error) // a bug, or a disk that refuses: the outbox is safe, and this is tried again
    this.#pullWanted = true
    this.#failures += 1
    const signedOut = failure?.refusal === 'unauthenticated' && this.#session.expired.value
    const link = this.#paused
      ? 'paused'
      : signedOut
        ? 'signed_out'
        : failure && failure.refusal === undefined
          ? 'offline'
          : 'online'
    this.#set({ link, busy: false, problem: failure ? failure.refusal : 'internal_error' })
    if (failure?.retryAfterMs !== undefined) return failure.retryAfterMs * (1 + this.#clock.random())
    return this.#clock.random() * Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.#failures) + 100
  }

  async #listen(): Promise<void> {
    const { clientId } = await this.#device.identity()
    if (this.#live && this.#live.clientId !== clientId) this.#endLive()
    if (this.#live || this.#paused || this.#ended.signal.aborted) return
    const live = { clientId, open: false, end: (): void => undefined }
    this.#live = live
    live.end = this.#link.listen(
      { clientId, cursor: this.#device.point.value.cursor },
      {
        message: (message) => this.#hear(message),
        open: (isOpen) => {
          live.open = isOpen
          if (this.#live === live && !isOpen) this.kick()
        },
        refused: () => {
          if (this.#live === live) this.#endLive()
          this.kick()
        },
      },
    )
  }

  #endLive(): void {
    this.#live?.end()
    this.#live = undefined
  }

  #hear(message: LiveMessage): void {
    this.#hearing = this.#hearing.then(() => this.#take(message)).catch(() => this.kick())
  }

  /** A live message is taken when it follows what this device holds and no pull is under way; else it is a poke. */
  async #take({ epoch, from, to, tables, cursor, lastSeq }: LiveMessage): Promise<void> {
    const point = this.#device.point.value
    if (epoch === point.epoch && to <= point.version) {
      if (point.complete) this.#device.confirm(this.#clock.now())
      return
    }
    const follows = epoch === point.epoch && from === point.version && tables !== undefined && point.complete
    if (follows && !this.#pulling) {
      await this.#device.arrive({ tables, point: { ...point, cursor, version: to, asOf: this.#clock.now() }, lastSeq })
      return
    }
    this.#pullWanted = true
    this.#nudge()
  }

  #set(change: Partial<SyncStatus>): void {
    const status = { ...this.status.value, ...change }
    // What was under way when a person chose to work offline must not say otherwise.
    this.status.value = this.#paused ? { ...status, link: 'paused', busy: false } : status
  }

  /** Waits, unless somebody wakes it. */
  async #sleep(ms: number): Promise<void> {
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await this.#clock.wait(ms, woken.signal)
  }
}
