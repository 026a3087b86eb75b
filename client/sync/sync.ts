// The sync loop of the leading tab: push before pull, live in between. What happens when is written in sync-state.ts;
// here it is done. Keeps D8, D9, D11, D12.
import type { ReadonlySignal } from '@preact/signals'
import { signal } from '@preact/signals'
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import { StaleTabError } from '../device/sync-update.ts'
import type { Device } from '../device/device.ts'
import type { ConnectionStatus, LoadProgress } from '../device/connection-status.ts'
import { isStorageFailure } from '../device/storage/storage-failure.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
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
}

/** How soon a full disk is asked again to keep that a person works offline. */
const KEEP_AGAIN_MS = 5_000
/** How long a push's own rows may take to come by the socket before they are pulled. */
const LIVE_GRACE_MS = 80
const LIVE_GLANCE_MS = 5
/** Over how long those who lost their sockets at one moment come back. */
const SPREAD_MS = 3_000
const CONNECTING: ConnectionStatus = { link: 'connecting', busy: false, loading: undefined, problem: undefined }

export class Sync {
  readonly status = signal<ConnectionStatus>(CONNECTING)
  readonly #device: Device
  readonly #session: SyncOptions['session']
  readonly #clock: Clock
  readonly #replicator: Replicator
  readonly #ended = new AbortController()
  #tabs: TabCoordinator | undefined
  #state: SyncState = 'following'
  #leads = false
  /** A round is wanted, and whether it fetches as well. */
  #due = false
  #probe = false
  #pullWanted = true
  /** When the state has lasted long enough, and when a round is wanted at the latest: by the monotonic clock. */
  #dueAt = Number.POSITIVE_INFINITY
  #soonAt = Number.POSITIVE_INFINITY
  #wakeLoop: (() => void) | undefined
  #running = false
  #loading: LoadProgress | undefined
  #problem: string | undefined
  #retryAfterMs: number | undefined
  #failures = 0
  readonly #socket: LiveSocket
  #pulling = false
  /** Settles with the push under way: its answer and the message of its commit come by two ways. */
  #pushing: Promise<void> = Promise.resolve()
  #roundEnd = new AbortController()

  constructor({
    device,
    session,
    clock = systemClock,
    transport = trpcTransport(session, undefined, clock),
  }: SyncOptions) {
    this.#device = device
    this.#session = session
    this.#clock = clock
    this.#replicator = new Replicator({ device, transport, clock })
    this.#socket = new LiveSocket({
      device,
      transport,
      clock,
      replicator: this.#replicator,
      isPulling: () => this.#pulling,
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
      startLeading: (ended) => this.#lead(ended),
      startFollowing: () => this.#follow(),
      status: () => this.status.value,
      statusReceived: (status = CONNECTING) => this.#state === 'following' && (this.status.value = status),
      commandReceived: (command) => this.#obey(command),
      asked: () => this.#showUnsavedSwitch(),
    })
    this.#listenToBrowser()
    const { requests } = this.#device.queue
    const { expired } = this.#session
    const stops = [
      onChange(
        () => requests.value > 0,
        () => this.#handle('written'),
      ),
      onChange(
        () => !expired.value,
        () => this.#handle('signedIn'),
      ),
    ]
    this.#ended.signal.addEventListener('abort', () => stops.forEach((stop) => stop()))
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    this.#roundEnd.abort()
    this.#socket.close()
    this.#tabs?.leave()
    this.#wakeLoop?.()
  }

  /** A person wants it now: tried once, whatever the server asked for. */
  syncNow(): void {
    this.#tabs?.sendToLeader({ kind: 'sync' })
    this.#obey({ kind: 'sync' })
  }

  /** "Work offline": nothing is sent or fetched until it is switched off, also after a restart, and by no tab. */
  setOffline(paused: boolean): void {
    const { signal } = this.#ended
    void this.#device.offlineMode.set(paused, { again: () => this.#clock.wait(KEEP_AGAIN_MS, signal), signal })
    this.#tabs?.sendToLeader({ kind: 'pause', paused })
    this.#obey({ kind: 'pause', paused })
  }

  /** A tab that has just been opened finds on the disk what does not hold. */
  #showUnsavedSwitch(): void {
    const { isUnsaved, isOn: paused } = this.#device.offlineMode
    if (isUnsaved.value) this.#tabs?.sendToLeader({ kind: 'pause', paused })
  }

  #obey(command: TabCommand): void {
    if (command.kind === 'sync') {
      this.#failures = 0
      return this.#handle('asked')
    }
    this.#device.offlineMode.setFromPeer(command.paused)
    this.#handle(command.paused ? 'pause' : 'resume')
    if (!command.paused && !this.#leads) this.#handle('follow')
  }

  #listenToBrowser(): void {
    const { signal } = this.#ended
    const hint = () => this.#handle('hint')
    // What the browser says about the network is a hint: asking the server decides.
    globalThis.addEventListener?.('online', hint, { signal })
    globalThis.addEventListener?.('offline', hint, { signal })
    const { document } = globalThis
    document?.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && hint(), { signal })
  }

  #handle(event: SyncEvent): void {
    const before = this.#state
    const { to, does } = TRANSITIONS[before][event]
    this.#state = to
    for (const effect of does) this.#perform(effect)
    if (to !== before) this.#schedule()
    if (to !== 'following') this.#show()
    else if (before !== 'following') this.status.value = CONNECTING // until the leading tab has told
    this.#wakeLoop?.()
  }

  #perform(effect: Effect): void {
    switch (effect) {
      case 'send':
        return this.#want({ pull: false })
      case 'fetch':
        return this.#want({ pull: true })
      case 'probe':
        this.#probe = true
        return this.#want({ pull: true })
      case 'fetchSoon':
        this.#pullWanted = true
        this.#soonAt = this.#clock.monotonic() + this.#clock.random() * SPREAD_MS
        return
      case 'rest':
        this.#due = this.#probe
        this.#probe = false
        this.#pullWanted = true
        return
      case 'abort':
        this.#due = false
        this.#probe = false
        return this.#roundEnd.abort()
      case 'hangUp':
        return this.#socket.close()
    }
  }

  #want({ pull }: { pull: boolean }): void {
    this.#due = true
    this.#pullWanted ||= pull
  }

  #show(): void {
    const before = this.status.value
    const busy = this.#running && (this.#device.pendingCount.value > 0 || this.#pulling)
    const after = { link: DISPLAYED_STATE[this.#state], busy, loading: this.#loading, problem: this.#problem }
    if (JSON.stringify(before) === JSON.stringify(after)) return
    this.status.value = after
    this.#tabs?.broadcastStatus()
  }

  async #lead(ended: AbortSignal): Promise<void> {
    this.#leads = true
    this.#handle('lead')
    this.#tabs?.broadcastStatus() // the others show what a leader said that is no more
    while (!ended.aborted) {
      if (this.#due) await this.#round(ended)
      else await this.#rest(ended)
    }
    this.#leads = false
  }

  #follow(): void {
    this.#leads = false
    this.#handle('follow')
  }

  /** Until something happens, or the state has lasted long enough. */
  async #rest(ended: AbortSignal): Promise<void> {
    const woken = new AbortController()
    this.#wakeLoop = () => woken.abort()
    const until = Math.min(this.#dueAt, this.#soonAt)
    await this.#clock.wait(until - this.#clock.monotonic(), AbortSignal.any([woken.signal, ended]))
    this.#wakeLoop = undefined
    if (this.#due || ended.aborted || this.#clock.monotonic() < until) return
    this.#soonAt = Number.POSITIVE_INFINITY // a state that does not care (paused, say) must not be asked again at once
    this.#handle('due')
  }

  #schedule(): void {
    const facts = {
      failures: this.#failures,
      retryAfterMs: this.#retryAfterMs,
      isListening: this.#socket.isOpen,
      random: this.#clock.random(),
    }
    this.#dueAt = this.#clock.monotonic() + WAIT_MS[this.#state](facts)
  }

  async #round(leading: AbortSignal): Promise<void> {
    this.#due = false
    this.#probe = false
    this.#soonAt = Number.POSITIVE_INFINITY
    this.#roundEnd = new AbortController()
    const ended = AbortSignal.any([leading, this.#roundEnd.signal])
    this.#running = true
    this.#show()
    try {
      const pushing = this.#replicator.push(ended, () => this.#handle('pushAnswered'))
      this.#pushing = pushing.then(
        () => undefined,
        () => undefined, // told to whoever pushes
      )
      const sent = await pushing
      if (sent && this.#socket.isOpen) await this.#awaitRead(() => !this.#replicator.isBehind)
      const { complete, epoch, cursor } = this.#device.syncPoint.value
      if (this.#pullWanted || this.#replicator.isBehind || !complete || cursor === null) await this.#pull(ended)
      if (epoch === 0 || this.#replicator.isUnsent) this.#due = true // what waited for this pull can be sent now
      ended.throwIfAborted()
      this.#agreed()
      await this.#socket.open(AbortSignal.any([ended, this.#ended.signal]))
    } catch (error) {
      if (!ended.aborted) this.#failed(error)
    } finally {
      this.#roundEnd.abort() // what it waits for no more (a token, say) must not be asked with later
      this.#running = false
      this.#schedule()
      this.#show()
    }
  }

  #socketReported(event: SocketEvent): void {
    if (event === 'poked') return this.#handle('poked')
    this.#schedule()
    if (event !== 'opened') this.#handle(event === 'moved' ? 'socketMoved' : 'socketLost')
  }

  #agreed(): void {
    this.#failures = 0
    this.#problem = undefined
    this.#loading = undefined
    this.#handle('agreed')
  }

  async #pull(ended: AbortSignal): Promise<void> {
    this.#pullWanted = false
    this.#pulling = true
    // Said before the first page is taken in: an answer alone does not mean that this device holds anything.
    if (!this.#device.syncPoint.value.complete) this.#loading ??= { rows: this.#device.rowCount, fraction: 0 }
    try {
      await this.#socket.applied
      const onLoading = (loading: LoadProgress) => {
        this.#loading = loading
        this.#handle('firstPage')
      }
      await this.#replicator.pull(ended, onLoading, () => this.#handle('pullAnswered'))
    } finally {
      this.#pulling = false
    }
  }

  /** Waits a moment for the socket to bring what was just pushed: that is cheaper than asking for it. */
  async #awaitRead(isThere: () => boolean): Promise<void> {
    const until = this.#clock.monotonic() + LIVE_GRACE_MS
    while (!isThere() && this.#clock.monotonic() < until) {
      await this.#clock.wait(LIVE_GLANCE_MS)
      await this.#socket.applied
    }
  }

  #failed(error: unknown): void {
    if (error instanceof StaleTabError) return this.#handle('poked') // what another tab has kept is read already
    this.#failures += 1
    if (error instanceof RequestError) {
      this.#retryAfterMs = error.retryAfterMs
      this.#problem = error.refusal
      return this.#handle(eventOf(error, this.#session.expired.value))
    }
    globalThis.reportError?.(error) // a bug, or a disk that refuses: the outbox is safe, and this is tried again
    const isDisk = isStorageFailure(error)
    this.#problem = isDisk ? undefined : 'internal_error'
    this.#handle(isDisk ? 'diskRefused' : 'refused')
  }
}

function eventOf({ refusal, protocol, isRetryLater }: RequestError, isExpired: boolean): SyncEvent {
  if (isRetryLater) return protocol !== undefined && protocol < PROTOCOL_VERSION ? 'tooNew' : 'askedToWait'
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
