// The tabs of one device. One leads and talks to the server; all show the same. The status of a leader that does not
// answer (frozen by the browser, or hanging) is dropped, and a visible tab replaces it after some seconds.
// Keeps D8, D10.
import type { TabMessage } from '../device/sync-update.ts'
import type { Device } from '../device/device.ts'
import type { ConnectionStatus } from '../device/connection-status.ts'
import type { Clock } from '#shared/values/clock.ts'
import type { BrowserApis, TabChannel } from './browser-apis.ts'

/**
 * How often followers request the leader's status. The browser slows down the timers of hidden tabs, not their answers.
 */
const STATUS_REQUEST_MS = 3_000
/** The leader's last status is no longer shown if it has not answered for this long. */
const STATUS_TIMEOUT_MS = 1_000
/**
 * A leader that has not answered for this long counts as frozen. A shorter time would replace one during garbage
 * collection.
 */
export const LEADER_SILENCE_MAX_MS = 10_000

export interface TabOptions {
  name: string
  device: Device
  clock: Clock
  browser: BrowserApis
  /** Called when this tab leads, with a signal that aborts when it stops leading. */
  startLeading: (signal: AbortSignal) => Promise<void>
  /** Called when this tab no longer leads. */
  startFollowing: () => void
  /** Returns the status while this tab leads. */
  status: () => ConnectionStatus
  /** Called with the status of the leading tab; undefined if it does not answer. */
  statusReceived: (status: ConnectionStatus | undefined) => void
  /** Called when a person has requested sync, or switched offline mode, in another tab. */
  commandReceived: (command: TabCommand) => void
  /** Called when another tab requests the status. */
  statusRequested: () => void
}

export type TabCommand = { kind: 'sync' } | { kind: 'pause'; paused: boolean }

export interface TabCoordinator {
  /** Sends the status to the other tabs if this tab leads. */
  broadcastStatus(): void
  sendToLeader(command: TabCommand): void
  leave(): void
}

type Message =
  | { type: 'told'; told: TabMessage }
  | { type: 'ask' }
  | { type: 'status'; status: ConnectionStatus }
  | { type: 'wish'; wish: TabCommand }

/** Connects this tab with the device's other tabs. */
export function coordinateTabs(options: TabOptions): TabCoordinator {
  return new Tab(options)
}

class Tab implements TabCoordinator {
  readonly #options: TabOptions
  readonly #channel: TabChannel
  readonly #leaving = new AbortController()
  #isLeader = false
  /** The lock manager's id of this tab, while it leads. */
  #lockClientId: string | undefined
  #applied: Promise<void> = Promise.resolve()
  #lastAnswerAt: number
  /** The leading tab has answered the last request. */
  #isAnswered = true
  #lockRequest: AbortController | undefined

  constructor(options: TabOptions) {
    this.#options = options
    this.#lastAnswerAt = options.clock.monotonic()
    // Only this class sends on the channel.
    this.#channel = options.browser.openChannel(options.name, (message) => this.#handleMessage(message as Message))
    options.device.notifyTabs = (message) => this.#post({ type: 'told', told: message })
    this.#requestLock({ steal: false })
    void this.#watchLeader()
  }

  broadcastStatus(): void {
    if (this.#isLeader) void this.#sendStatus()
  }

  /**
   * A tab that was frozen may not know yet that another leads. It asks the browser, so that it does not answer instead
   * of the new leader.
   */
  async #sendStatus(): Promise<void> {
    const holder = await this.#queryLockHolder()
    if (this.#isLeader && holder === this.#lockClientId) this.#post({ type: 'status', status: this.#options.status() })
  }

  async #queryLockHolder(): Promise<string | undefined> {
    const { held = [] } = await this.#options.browser.locks.query()
    return held.find(({ name }) => name === this.#options.name)?.clientId
  }

  sendToLeader(command: TabCommand): void {
    this.#post({ type: 'wish', wish: command })
  }

  leave(): void {
    this.#leaving.abort()
    this.#channel.close()
    this.#options.device.notifyTabs = () => undefined
  }

  #post(message: Message): void {
    if (!this.#leaving.signal.aborted) this.#channel.postMessage(message)
  }

  #handleMessage(message: Message): void {
    switch (message.type) {
      case 'told':
        this.#applied = this.#applied.then(() => this.#applyTabMessage(message.told))
        return
      case 'ask':
        this.#options.statusRequested()
        return this.broadcastStatus()
      case 'status':
        this.#lastAnswerAt = this.#options.clock.monotonic()
        this.#isAnswered = true
        if (!this.#isLeader) this.#options.statusReceived(message.status)
        return
      case 'wish':
        return this.#options.commandReceived(message.wish)
    }
  }

  async #applyTabMessage(message: TabMessage): Promise<void> {
    const { device } = this.#options
    try {
      await device.handleTabMessage(message)
    } catch (error) {
      // the display stays as it was; the next message reveals the gap, and the disk is read again
      globalThis.reportError?.(error)
    }
  }

  /** Waits for the lock, or steals it from a leader that does not answer. */
  #requestLock({ steal }: { steal: boolean }): void {
    this.#lockRequest?.abort()
    const request = (this.#lockRequest = new AbortController())
    const { signal: leaving } = this.#leaving
    const ended = new AbortController()
    const end = () => ended.abort()
    leaving.addEventListener('abort', end)
    const options = steal ? { steal } : { signal: AbortSignal.any([leaving, request.signal]) }
    this.#options.browser.locks
      .request(this.#options.name, options, () => this.#holdLock(ended.signal))
      .catch((error: unknown) => {
        end()
        if (leaving.aborted || request.signal.aborted) return
        if (!(error instanceof DOMException && error.name === 'AbortError')) throw error
        this.#handleReplaced()
      })
      .finally(() => leaving.removeEventListener('abort', end))
  }

  async #holdLock(ended: AbortSignal): Promise<void> {
    this.#lockClientId = await this.#queryLockHolder()
    if (ended.aborted) return
    this.#isLeader = true
    try {
      await this.#options.startLeading(ended)
    } finally {
      this.#isLeader = false
    }
  }

  /** Another tab took over because this one did not answer. Waits for the lock again. */
  #handleReplaced(): void {
    this.#isLeader = false
    this.#lastAnswerAt = this.#options.clock.monotonic()
    this.#options.startFollowing()
    this.#requestLock({ steal: false })
    this.#requestStatus()
  }

  #requestStatus(): void {
    this.#isAnswered = false
    this.#post({ type: 'ask' })
  }

  /**
   * Requests the leader's status, and replaces the leader if it does not answer. Only a visible tab does so; hidden
   * tabs can wait.
   */
  async #watchLeader(): Promise<void> {
    const { browser, clock, statusReceived } = this.#options
    const { signal } = this.#leaving
    this.#requestStatus()
    for (let askedAt = clock.monotonic(); !signal.aborted;) {
      await clock.wait(STATUS_TIMEOUT_MS, signal)
      if (!this.#isLeader && !this.#isAnswered && !signal.aborted) statusReceived(undefined)
      await clock.wait(STATUS_REQUEST_MS - STATUS_TIMEOUT_MS, signal)
      const now = clock.monotonic()
      const wasAway = now - askedAt > 2 * STATUS_REQUEST_MS || browser.isHidden()
      askedAt = now
      if (this.#isLeader || wasAway) this.#lastAnswerAt = now
      else if (now - this.#lastAnswerAt > LEADER_SILENCE_MAX_MS) {
        this.#lastAnswerAt = now
        this.#requestLock({ steal: true })
      }
      if (!this.#isLeader) this.#requestStatus()
    }
  }
}
