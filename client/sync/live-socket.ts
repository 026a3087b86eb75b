// The live socket of the leading tab: applies a message if it follows what the device has, and otherwise asks for a
// pull. Keeps D8, D12.
import type { LiveMessage } from '#shared/protocol/wire.ts'
import type { Device } from '../device/device.ts'
import { isNextUpdate } from '../device/sync-update.ts'
import type { Clock } from '#shared/values/clock.ts'
import type { Replicator } from './replicator.ts'
import type { SyncTransport } from './sync-transport.ts'

/**
 * What the socket reports. `pullRequested` asks for a pull; `moved` means that the server asks sockets to reconnect
 * elsewhere.
 */
export type SocketEvent = 'opened' | 'lost' | 'moved' | 'pullRequested'

export interface LiveSocketOptions {
  device: Device
  transport: Pick<SyncTransport, 'subscribe'>
  replicator: Pick<Replicator, 'isForeignAcknowledgement'>
  clock: Pick<Clock, 'now'>
  isPulling: () => boolean
  /** Settles with the push in progress: its answer and the message of its commit arrive in any order. */
  pushed: () => Promise<void>
  report: (event: SocketEvent) => void
}

/** Refusals of a subscription that a pull resolves. */
const RESOLVED_BY_A_PULL = new Set(['epoch_changed', 'resnapshot', 'unauthenticated'])

export class LiveSocket {
  readonly #options: LiveSocketOptions
  #subscription: { clientId: string; end: () => void; isOpen: boolean } | undefined
  /** Messages are applied one after the other. */
  #applied: Promise<void> = Promise.resolve()

  constructor(options: LiveSocketOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#subscription?.isOpen === true
  }

  /** Settles when every message that has arrived is applied. */
  get applied(): Promise<void> {
    return this.#applied
  }

  /** Subscribes from the device's cursor, unless it is subscribed under its client id already. */
  async open(ended: AbortSignal): Promise<void> {
    const { device, transport, report } = this.#options
    const { clientId } = await device.queue.identity()
    if (this.#subscription && this.#subscription.clientId !== clientId) this.close()
    if (this.#subscription || ended.aborted) return
    const subscription = { clientId, isOpen: false, end: (): void => undefined }
    const isCurrent = () => this.#subscription === subscription
    this.#subscription = subscription
    subscription.end = transport.subscribe(
      { clientId, cursor: device.syncPoint.value.cursor },
      {
        message: (message) => this.#receive(message, clientId),
        open: (isOpen, isMoved = false) => {
          subscription.isOpen = isOpen
          if (isCurrent()) report(isOpen ? 'opened' : isMoved ? 'moved' : 'lost')
        },
        refused: (code) => {
          if (!isCurrent()) return
          this.close()
          report(RESOLVED_BY_A_PULL.has(code) ? 'pullRequested' : 'lost')
        },
      },
    )
  }

  close(): void {
    this.#subscription?.end()
    this.#subscription = undefined
  }

  #receive(message: LiveMessage, clientId: string): void {
    this.#applied = this.#applied
      .then(() => this.#apply(message, clientId))
      .catch(() => this.#options.report('pullRequested'))
  }

  async #apply({ epoch, from, to, tables, cursor, lastSeq }: LiveMessage, clientId: string): Promise<void> {
    const { device, replicator, clock, isPulling, pushed, report } = this.#options
    if (await replicator.isForeignAcknowledgement(lastSeq)) await pushed()
    const isForeign = await replicator.isForeignAcknowledgement(lastSeq)
    const point = device.syncPoint.value
    const isWhole = point.complete && point.cursor !== null
    const asOf = clock.now() + point.clockOffsetMs
    if (epoch === point.epoch && to <= point.version) {
      if (isWhole) device.confirm(asOf)
      return
    }
    const isNext = isWhole && isNextUpdate({ epoch, from }, point)
    if (!tables || !isNext || isForeign || isPulling()) return report('pullRequested')
    await device.applyUpdate({ tables, point: { ...point, cursor, version: to, asOf }, lastSeq, clientId })
  }
}
