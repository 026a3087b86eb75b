// The sync loop of the leading tab: push before pull, live in between. sync-state.ts decides what happens when; this
// file does it. Keeps D8, D9, D11, D12.
import type { ReadonlySignal } from '@preact/signals'
import { signal } from '@preact/signals'
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import { StaleTabError } from '../device/sync-update.ts'
import type { Device } from '../device/device.ts'
import type { ConnectionStatus, LoadProgress } from '../device/connection-status.ts'
import { isStorageFailure } from '../device/storage/storage-failure.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import { type BrowserApis, browserApis } from './browser-apis.ts'
import { Replicator } from './replicator.ts'
import type { TokenSource } from './trpc-transport.ts'
import { trpcTransport } from './trpc-transport.ts'
import type { SyncTransport } from './sync-transport.ts'
import { RequestError } from './sync-transport.ts'
import { LiveSocket, type SocketEvent } from './live-socket.ts'
import { lockName } from './lock-name.ts'
import { onChange } from './on-change.ts'
import type { Effect, SyncEvent, SyncState } from './sync-state.ts'
import { DISPLAYED_STATE, TRANSITIONS, WAIT_MS } from './sync-state.ts'
import type { TabCoordinator, TabCommand } from './tab-coordinator.ts'
import { coordinateTabs } from './tab-coordinator.ts'

export interface SyncOptions {
  device: Device
  session: TokenSource & { readonly expired: ReadonlySignal<boolean> }
  transport?: SyncTransport
  clock?: Clock
  browser?: BrowserApis
}

/** Delay before the offline switch is saved again after the disk was full. */
const SAVE_OFFLINE_RETRY_MS = 5_000
/** How long a push's own rows may take to arrive over the socket before they are pulled. */
const LIVE_GRACE_MS = 80
const LIVE_POLL_MS = 5
/** Devices that lost their sockets at one moment reconnect within this time. */
const RECONNECT_SPREAD_MS = 3_000
const CONNECTING: ConnectionStatus = { link: 'connecting', busy: false, loading: undefined, problem: undefined }

export class Sync {
  readonly status = signal<ConnectionStatus>(CONNECTING)
  readonly #device: Device
  readonly #session: SyncOptions['session']
  readonly #clock: Clock
  readonly #browser: BrowserApis
  readonly #replicator: Replicator
  readonly #stopped = new AbortController()
  #tabs: TabCoordinator | undefined
  #state: SyncState = 'following'
  #isLeader = false
  /** A round is requested. */
  #isRoundRequested = false
  #isRetryRequested = false
  #isPullRequested = true
  /** When the state's wait is over, and when a delayed pull starts, by the monotonic clock. */
  #waitEndsAt = Number.POSITIVE_INFINITY
  #pullSoonAt = Number.POSITIVE_INFINITY
  #interruptWait: (() => void) | undefined
  #isRunning = false
  #loading: LoadProgress | undefined
  #problem: string | undefined
  #retryAfterMs: number | undefined
  #failures = 0
  readonly #socket: LiveSocket
  #isPulling = false
  /**
   * Resolves with the push in progress. Its answer and the live message of its commit arrive over different
   * connections.
   */
  #pushing: Promise<void> = Promise.resolve()
  #roundEnd = new AbortController()

  constructor({
    device,
    session,
    clock = systemClock,
    browser = browserApis,
    transport = trpcTransport(session, undefined, clock),
  }: SyncOptions) {
    this.#device = device
    this.#session = session
    this.#clock = clock
    this.#browser = browser
    this.#replicator = new Replicator({ device, transport, clock })
    this.#socket = new LiveSocket({
      device,
      transport,
      clock,
      replicator: this.#replicator,
      isPulling: () => this.#isPulling,
      pushed: () => this.#pushing,
      report: (event) => this.#socketReported(event),
    })
  }

  start(): void {
    if (this.#device.offlineMode.isOn) this.#handle('pause')
    this.#tabs = coordinateTabs({
      name: lockName(this.#device.name),
      device: this.#device,
      clock: this.#clock,
      browser: this.#browser,
      startLeading: (ended) => this.#runLoop(ended),
      startFollowing: () => this.#becomeFollower(),
      status: () => this.status.value,
      statusReceived: (status = CONNECTING) => this.#state === 'following' && (this.status.value = status),
      commandReceived: (command) => this.#handleCommand(command),
      statusRequested: () => this.#sendUnsavedOfflineMode(),
    })
    this.#listenToBrowser()
    const { requests } = this.#device.queue
    const { expired } = this.#session
    const stops = [
      onChange(
        () => requests.value > 0,
        () => this.#handle('pushRequested'),
      ),
      onChange(
        () => !expired.value,
        () => this.#handle('signedIn'),
      ),
    ]
    this.#stopped.signal.addEventListener('abort', () => stops.forEach((stop) => stop()))
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.#roundEnd.abort()
    this.#socket.close()
    this.#tabs?.leave()
    this.#interruptWait?.()
  }

  /** A person's own request: tries once, even if the server asked to wait. */
  syncNow(): void {
    this.#tabs?.sendToLeader({ kind: 'sync' })
    this.#handleCommand({ kind: 'sync' })
  }

  /** "Work offline": no tab sends a request until it is switched off, even after a restart. */
  setOffline(paused: boolean): void {
    const { signal } = this.#stopped
    void this.#device.offlineMode.set(paused, {
      waitForRetry: () => this.#clock.wait(SAVE_OFFLINE_RETRY_MS, signal),
      signal,
    })
    this.#tabs?.sendToLeader({ kind: 'pause', paused })
    this.#handleCommand({ kind: 'pause', paused })
  }

  /** A tab that was just opened has read an outdated value from the disk if the switch could not be saved. */
  #sendUnsavedOfflineMode(): void {
    const { isUnsaved, isOn: paused } = this.#device.offlineMode
    if (isUnsaved.value) this.#tabs?.sendToLeader({ kind: 'pause', paused })
  }

  #handleCommand(command: TabCommand): void {
    if (command.kind === 'sync') {
      this.#failures = 0
      return this.#handle('syncRequested')
    }
    this.#device.offlineMode.setFromPeer(command.paused)
    this.#handle(command.paused ? 'pause' : 'resume')
    if (!command.paused && !this.#isLeader) this.#handle('becameFollower')
  }

  #listenToBrowser(): void {
    // The browser's own view of the network is only a hint. A request to the server decides.
    this.#browser.onNetworkHint(() => this.#handle('networkHint'), this.#stopped.signal)
  }

  #handle(event: SyncEvent): void {
    const before = this.#state
    const { to, effects } = TRANSITIONS[before][event]
    this.#state = to
    for (const effect of effects) this.#perform(effect)
    if (to !== before) this.#startStateTimer()
    if (to !== 'following') this.#updateStatus()
    else if (before !== 'following') this.status.value = CONNECTING // until the leading tab has sent its status
    this.#interruptWait?.()
  }

  #perform(effect: Effect): void {
    switch (effect) {
      case 'push':
        return this.#requestRound({ pull: false })
      case 'pull':
        return this.#requestRound({ pull: true })
      case 'pullWithRetry':
        this.#isRetryRequested = true
        return this.#requestRound({ pull: true })
      case 'pullSoon':
        this.#isPullRequested = true
        this.#pullSoonAt = this.#clock.monotonic() + this.#clock.random() * RECONNECT_SPREAD_MS
        return
      case 'backOff':
        this.#isRoundRequested = this.#isRetryRequested
        this.#isRetryRequested = false
        this.#isPullRequested = true
        return
      case 'abortRound':
        this.#isRoundRequested = false
        this.#isRetryRequested = false
        return this.#roundEnd.abort()
      case 'closeSocket':
        return this.#socket.close()
    }
  }

  #requestRound({ pull }: { pull: boolean }): void {
    this.#isRoundRequested = true
    this.#isPullRequested ||= pull
  }

  #updateStatus(): void {
    const before = this.status.value
    const busy = this.#isRunning && (this.#device.pendingCount.value > 0 || this.#isPulling)
    const after = { link: DISPLAYED_STATE[this.#state], busy, loading: this.#loading, problem: this.#problem }
    if (JSON.stringify(before) === JSON.stringify(after)) return
    this.status.value = after
    this.#tabs?.broadcastStatus()
  }

  async #runLoop(ended: AbortSignal): Promise<void> {
    this.#isLeader = true
    this.#handle('becameLeader')
    this.#tabs?.broadcastStatus() // the others still show the status of the previous leader
    while (!ended.aborted) {
      if (this.#isRoundRequested) await this.#round(ended)
      else await this.#waitForWork(ended)
    }
    this.#isLeader = false
  }

  #becomeFollower(): void {
    this.#isLeader = false
    this.#handle('becameFollower')
  }

  /** Waits for a request or the end of the state's wait. */
  async #waitForWork(ended: AbortSignal): Promise<void> {
    const interrupted = new AbortController()
    this.#interruptWait = () => interrupted.abort()
    const until = Math.min(this.#waitEndsAt, this.#pullSoonAt)
    await this.#clock.wait(until - this.#clock.monotonic(), AbortSignal.any([interrupted.signal, ended]))
    this.#interruptWait = undefined
    if (this.#isRoundRequested || ended.aborted || this.#clock.monotonic() < until) return
    // a state that ignores this event (paused, for example) must not be asked again at once
    this.#pullSoonAt = Number.POSITIVE_INFINITY
    this.#handle('timerFired')
  }

  #startStateTimer(): void {
    const facts = {
      failures: this.#failures,
      retryAfterMs: this.#retryAfterMs,
      isSocketOpen: this.#socket.isOpen,
      random: this.#clock.random(),
    }
    this.#waitEndsAt = this.#clock.monotonic() + WAIT_MS[this.#state](facts)
  }

  async #round(leading: AbortSignal): Promise<void> {
    this.#isRoundRequested = false
    this.#isRetryRequested = false
    this.#pullSoonAt = Number.POSITIVE_INFINITY
    this.#roundEnd = new AbortController()
    const ended = AbortSignal.any([leading, this.#roundEnd.signal])
    this.#isRunning = true
    this.#updateStatus()
    try {
      const pushing = this.#replicator.push(ended, () => this.#handle('pushAnswered'))
      this.#pushing = pushing.then(
        () => undefined,
        () => undefined, // the caller of push handles the error
      )
      const sent = await pushing
      if (sent && this.#socket.isOpen) await this.#waitForLive(() => !this.#replicator.isBehind)
      const { complete, epoch, cursor } = this.#device.syncPoint.value
      if (this.#isPullRequested || this.#replicator.isBehind || !complete || cursor === null) await this.#pull(ended)
      // what this pull was needed for can be sent now
      if (epoch === 0 || this.#replicator.hasUnsent) this.#isRoundRequested = true
      ended.throwIfAborted()
      this.#completeRound()
      await this.#socket.open(AbortSignal.any([ended, this.#stopped.signal]))
    } catch (error) {
      if (!ended.aborted) this.#handleFailure(error)
    } finally {
      this.#roundEnd.abort() // requests that still wait (for a token, for example) must not be sent later
      this.#isRunning = false
      this.#startStateTimer()
      this.#updateStatus()
    }
  }

  #socketReported(event: SocketEvent): void {
    if (event === 'pullRequested') return this.#handle('pullRequested')
    this.#startStateTimer()
    if (event !== 'opened') this.#handle(event === 'moved' ? 'socketMoved' : 'socketLost')
  }

  #completeRound(): void {
    this.#failures = 0
    this.#problem = undefined
    this.#loading = undefined
    this.#handle('roundCompleted')
  }

  async #pull(ended: AbortSignal): Promise<void> {
    this.#isPullRequested = false
    this.#isPulling = true
    // Set before the first page is applied: an answer alone does not mean that this device has any rows.
    if (!this.#device.syncPoint.value.complete) this.#loading ??= { rows: this.#device.rowCount, fraction: 0 }
    try {
      await this.#socket.applied
      const onLoading = (loading: LoadProgress) => {
        this.#loading = loading
        this.#handle('firstSyncPage')
      }
      await this.#replicator.pull(ended, onLoading, () => this.#handle('pullAnswered'))
    } finally {
      this.#isPulling = false
    }
  }

  /** Waits briefly for the socket to deliver the rows of a push, which is cheaper than pulling them. */
  async #waitForLive(isUpToDate: () => boolean): Promise<void> {
    const until = this.#clock.monotonic() + LIVE_GRACE_MS
    while (!isUpToDate() && this.#clock.monotonic() < until) {
      await this.#clock.wait(LIVE_POLL_MS)
      await this.#socket.applied
    }
  }

  #handleFailure(error: unknown): void {
    // the other tab's rows have been read from the disk
    if (error instanceof StaleTabError) return this.#handle('pullRequested')
    this.#failures += 1
    if (error instanceof RequestError) {
      this.#retryAfterMs = error.retryAfterMs
      this.#problem = error.refusal
      return this.#handle(eventOf(error, this.#session.expired.value))
    }
    globalThis.reportError?.(error) // a bug, or a failed write: the outbox is safe, and the round is retried
    const hasStorageFailed = isStorageFailure(error)
    this.#problem = hasStorageFailed ? undefined : 'internal_error'
    this.#handle(hasStorageFailed ? 'storageFailed' : 'refused')
  }
}

function eventOf({ refusal, protocol, isRetryLater }: RequestError, isExpired: boolean): SyncEvent {
  if (isRetryLater) return protocol !== undefined && protocol < PROTOCOL_VERSION ? 'serverOutdated' : 'retryLater'
  switch (refusal) {
    case undefined:
      return 'noAnswer'
    case 'unauthenticated':
      return isExpired ? 'signedOut' : 'refused'
    case 'disabled':
      return 'revoked'
    default:
      return 'refused'
  }
}
