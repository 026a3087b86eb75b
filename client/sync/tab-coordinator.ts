// The tabs of one device: one leads and talks to the server, all show the same. A leader that does not answer (frozen by
// the browser, or hanging) is believed no more, and replaced after some seconds. Keeps D8, D10.
import type { TabMessage } from '../device/sync-update.ts'
import type { Device } from '../device/device.ts'
import type { ConnectionStatus } from '../device/connection-status.ts'
import type { Clock } from '#shared/values/clock.ts'

/** How often the others ask whether the leader is there. A hidden tab's timers are slowed; its answers are not. */
const ASK_MS = 3_000
/** What a leader said that has not answered for so long is shown no more. */
const ANSWER_MS = 1_000
/** A leader that has not answered for so long is taken for frozen. Below it a garbage collection would depose it. */
export const LEADER_SILENCE_MAX_MS = 10_000

export interface TabOptions {
  name: string
  device: Device
  clock: Clock
  /** Called once this tab leads, with a signal for the end of it. */
  startLeading: (signal: AbortSignal) => Promise<void>
  /** This tab leads no more, or does not lead yet. */
  startFollowing: () => void
  /** How it stands, while this tab leads. */
  status: () => ConnectionStatus
  /** How the leading tab says it stands; undefined where it does not answer. */
  statusReceived: (status: ConnectionStatus | undefined) => void
  /** A person has asked another tab to synchronise, or to work offline. */
  commandReceived: (command: TabCommand) => void
  /** Another tab does not know how it stands. */
  asked: () => void
}

export type TabCommand = { kind: 'sync' } | { kind: 'pause'; paused: boolean }

export interface TabCoordinator {
  /** Tells the others how it stands. */
  broadcastStatus(): void
  sendToLeader(command: TabCommand): void
  leave(): void
}

type Message =
  | { type: 'told'; told: TabMessage }
  | { type: 'ask' }
  | { type: 'status'; status: ConnectionStatus }
  | { type: 'wish'; wish: TabCommand }

/** Joins the other tabs. */
export function coordinateTabs(parts: TabOptions): TabCoordinator {
  return new Tab(parts)
}

class Tab implements TabCoordinator {
  readonly #parts: TabOptions
  readonly #channel: BroadcastChannel
  readonly #leaving = new AbortController()
  #leads = false
  /** Whom the browser knows this tab as, while it leads. */
  #holder: string | undefined
  #following: Promise<void> = Promise.resolve()
  #heardAt: number
  /** The leading tab has said something since it was asked. */
  #isAnswered = true
  #waiting: AbortController | undefined

  constructor(parts: TabOptions) {
    this.#parts = parts
    this.#heardAt = parts.clock.monotonic()
    this.#channel = new BroadcastChannel(parts.name)
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => this.#take(data)
    parts.device.notifyTabs = (message) => this.#post({ type: 'told', told: message })
    this.#queue({ steal: false })
    void this.#watch()
  }

  broadcastStatus(): void {
    if (this.#leads) void this.#announce()
  }

  /** One that was frozen may not know yet that another leads: the browser is asked, or it would answer in its place. */
  async #announce(): Promise<void> {
    const holder = await this.#lockHolder()
    if (this.#leads && holder === this.#holder) this.#post({ type: 'status', status: this.#parts.status() })
  }

  async #lockHolder(): Promise<string | undefined> {
    const { held = [] } = await navigator.locks.query()
    return held.find(({ name }) => name === this.#parts.name)?.clientId
  }

  sendToLeader(command: TabCommand): void {
    this.#post({ type: 'wish', wish: command })
  }

  leave(): void {
    this.#leaving.abort()
    this.#channel.close()
    this.#parts.device.notifyTabs = () => undefined
  }

  #post(message: Message): void {
    if (!this.#leaving.signal.aborted) this.#channel.postMessage(message)
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'told':
        this.#following = this.#following.then(() => this.#follow(message.told))
        return
      case 'ask':
        this.#parts.asked()
        return this.broadcastStatus()
      case 'status':
        this.#heardAt = this.#parts.clock.monotonic()
        this.#isAnswered = true
        if (!this.#leads) this.#parts.statusReceived(message.status)
        return
      case 'wish':
        return this.#parts.commandReceived(message.wish)
    }
  }

  async #follow(message: TabMessage): Promise<void> {
    const { device } = this.#parts
    try {
      await device.handleTabMessage(message)
    } catch (error) {
      globalThis.reportError?.(error) // shown as it was; the next message finds the gap and rereads
    }
  }

  /** Waits for the lock, or takes it from a leader that does not answer. */
  #queue({ steal }: { steal: boolean }): void {
    this.#waiting?.abort()
    const waiting = (this.#waiting = new AbortController())
    const { signal: left } = this.#leaving
    const ended = new AbortController()
    const end = () => ended.abort()
    left.addEventListener('abort', end)
    const options = steal ? { steal } : { signal: AbortSignal.any([left, waiting.signal]) }
    navigator.locks
      .request(this.#parts.name, options, () => this.#hold(ended.signal))
      .catch((error: unknown) => {
        end()
        if (left.aborted || waiting.signal.aborted) return
        if (!(error instanceof DOMException && error.name === 'AbortError')) throw error
        this.#deposed()
      })
      .finally(() => left.removeEventListener('abort', end))
  }

  async #hold(ended: AbortSignal): Promise<void> {
    this.#holder = await this.#lockHolder()
    if (ended.aborted) return
    this.#leads = true
    try {
      await this.#parts.startLeading(ended)
    } finally {
      this.#leads = false
    }
  }

  /** Another tab has taken the lead: this one was away too long. It waits for its turn. */
  #deposed(): void {
    this.#leads = false
    this.#heardAt = this.#parts.clock.monotonic()
    this.#parts.startFollowing()
    this.#queue({ steal: false })
    this.#ask()
  }

  #ask(): void {
    this.#isAnswered = false
    this.#post({ type: 'ask' })
  }

  /** Asks the leader for a sign, and takes its place where none comes. Only a tab in sight does: the others can wait. */
  async #watch(): Promise<void> {
    const { clock, statusReceived } = this.#parts
    const { signal } = this.#leaving
    this.#ask()
    for (let askedAt = clock.monotonic(); !signal.aborted;) {
      await clock.wait(ANSWER_MS, signal)
      if (!this.#leads && !this.#isAnswered && !signal.aborted) statusReceived(undefined)
      await clock.wait(ASK_MS - ANSWER_MS, signal)
      const now = clock.monotonic()
      const wasAway = now - askedAt > 2 * ASK_MS || globalThis.document?.visibilityState === 'hidden'
      askedAt = now
      if (this.#leads || wasAway) this.#heardAt = now
      else if (now - this.#heardAt > LEADER_SILENCE_MAX_MS) {
        this.#heardAt = now
        this.#queue({ steal: true })
      }
      if (!this.#leads) this.#ask()
    }
  }
}
