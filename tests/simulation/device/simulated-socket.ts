// A socket of a tab's live subscription, as the client of tRPC keeps one: it opens again by itself, with jitter, asks with
// the cursor that it began with, and gives up a connection that answers no ping. It may be cut, or go deaf.
import type { LiveHandlers } from '../../../client/sync/sync-transport.ts'
import type { Clock } from '#shared/values/clock.ts'
import type { Frame, Network } from '../world/network.ts'

/** As http-server-link.ts has them. */
const RECONNECT_MIN_MS = 3_000
const RECONNECT_MAX_MS = 30_000
const PING_MS = 15_000
const PONG_WAIT_MS = 8_000

export interface SimulatedSocketOptions {
  device: string
  network: Network
  clock: Clock
  /** Undefined where nobody is signed in. */
  token: () => Promise<string | undefined>
  request: { clientId: string; cursor: string | null }
  handlers: LiveHandlers
  /** Tells the tab in its own event loop. */
  receive: (task: () => void) => void
}

export class SimulatedSocket {
  readonly device: string
  readonly request: SimulatedSocketOptions['request']
  accessToken = ''
  readonly #parts: SimulatedSocketOptions
  readonly #ended = new AbortController()
  #connection: AbortController | undefined
  #isOpen = false
  /** Half open: nothing comes through any more, and neither side knows. */
  #isDeaf = false
  #attempt = 0

  constructor(parts: SimulatedSocketOptions) {
    this.#parts = parts
    this.device = parts.device
    this.request = parts.request
    void this.#live()
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isOver(): boolean {
    return this.#ended.signal.aborted
  }

  end(): void {
    this.#ended.abort()
    this.#close()
  }

  /** The server takes it. Returns the signal that ends its side. */
  accept(): AbortSignal | undefined {
    const connection = this.#connection
    if (!connection || this.#isOpen) return undefined
    this.#isOpen = true
    this.#attempt = 0
    this.#parts.receive(() => this.#connection === connection && this.#parts.handlers.open(true))
    return connection.signal
  }

  /** Something that the server said arrives. */
  hear(frame: Frame): void {
    const connection = this.#connection
    if (!this.#isOpen || this.#isDeaf) return
    if (frame.type === 'closed') return this.cut()
    this.#parts.receive(() => {
      if (this.#connection !== connection) return
      if (frame.type === 'message') this.#parts.handlers.message(frame.message)
      else this.#parts.handlers.refused(frame.code)
    })
  }

  /** Both sides notice. */
  cut(): void {
    if (this.#connection) this.#parts.receive(() => this.#close())
  }

  goDeaf(): void {
    this.#isDeaf = this.#isOpen
  }

  async #live(): Promise<void> {
    const { clock, network, device, token } = this.#parts
    const { signal: ended } = this.#ended
    while (!ended.aborted) {
      const connection = (this.#connection = new AbortController())
      this.#isDeaf = false
      const accessToken = await token().catch(() => undefined)
      if (accessToken !== undefined && !ended.aborted) {
        this.accessToken = accessToken
        network.send({ kind: 'dial', key: network.key(`${device}'s socket`), device, socket: this })
        await this.#watch(connection.signal)
      }
      this.#close()
      const longest = Math.min(RECONNECT_MAX_MS, RECONNECT_MIN_MS * 2 ** this.#attempt)
      this.#attempt += 1
      await clock.wait(clock.random() * longest, ended)
    }
  }

  /** Pings now and then. Resolves when nobody answers, or the connection ends. */
  async #watch(closed: AbortSignal): Promise<void> {
    const { clock, network, device } = this.#parts
    const isAnswered = () => this.#isOpen && !this.#isDeaf && network.isFair(device)
    while (!closed.aborted) {
      await clock.wait(PING_MS, closed)
      if (closed.aborted || isAnswered()) continue
      await clock.wait(PONG_WAIT_MS, closed)
      if (!isAnswered()) return
    }
  }

  #close(): void {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    this.#connection?.abort()
    this.#connection = undefined
    this.#parts.network.dropFramesOf(this)
    if (wasOpen && !this.#ended.signal.aborted) this.#parts.handlers.open(false)
  }
}
