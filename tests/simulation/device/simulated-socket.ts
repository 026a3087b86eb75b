// The socket of a tab's live subscription, like tRPC's client: it reconnects automatically with jitter, subscribes with
// the cursor that it started with, and closes a connection that does not answer a ping. It may be cut or become
// half-open.
import type { LiveHandlers } from '../../../client/sync/sync-transport.ts'
import type { Clock } from '#shared/values/clock.ts'
import type { Frame, Network } from '../world/network.ts'

/** As in client/sync/trpc-transport.ts. */
const RECONNECT_MIN_MS = 3_000
const RECONNECT_MAX_MS = 30_000
const PING_MS = 15_000
const PONG_WAIT_MS = 8_000

export interface SimulatedSocketOptions {
  device: string
  network: Network
  clock: Clock
  /** Resolves to undefined if nobody is signed in. */
  token: () => Promise<string | undefined>
  request: { clientId: string; cursor: string | null }
  handlers: LiveHandlers
  /** Runs a task in the tab's own event loop. */
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
  /** Half-open: no message arrives any more, and neither side knows. */
  #isHalfOpen = false
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

  /** The server accepts the connection. Returns the signal that ends the server's side. */
  accept(): AbortSignal | undefined {
    const connection = this.#connection
    if (!connection || this.#isOpen) return undefined
    this.#isOpen = true
    this.#attempt = 0
    this.#parts.receive(() => this.#connection === connection && this.#parts.handlers.open(true))
    return connection.signal
  }

  /** A frame from the server arrives. */
  receiveFrame(frame: Frame): void {
    const connection = this.#connection
    if (!this.#isOpen || this.#isHalfOpen) return
    if (frame.type === 'closed') return this.cut()
    this.#parts.receive(() => {
      if (this.#connection !== connection) return
      if (frame.type === 'message') this.#parts.handlers.message(frame.message)
      else this.#parts.handlers.refused(frame.code)
    })
  }

  /** Closes the connection, and both sides notice. */
  cut(): void {
    if (this.#connection) this.#parts.receive(() => this.#close())
  }

  becomeHalfOpen(): void {
    this.#isHalfOpen = this.#isOpen
  }

  async #live(): Promise<void> {
    const { clock, network, device, token } = this.#parts
    const { signal: ended } = this.#ended
    while (!ended.aborted) {
      const connection = (this.#connection = new AbortController())
      this.#isHalfOpen = false
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

  /** Sends pings. Resolves when no pong arrives or the connection ends. */
  async #watch(closed: AbortSignal): Promise<void> {
    const { clock, network, device } = this.#parts
    const isAnswered = () => this.#isOpen && !this.#isHalfOpen && network.hasGoodConnection(device)
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
