// Between replicas: what one commits, all tell their sockets. In one process without Redis, through Redis with it.
// Delivery is at most once: a lost notice is covered by the next head.
import type { Logger } from 'pino'
import { Redis } from 'ioredis'

export interface Bus<T> {
  publish(message: T): void
  /** True while messages reach other replicas; one process alone is always connected. */
  readonly connected: boolean
  close(): Promise<void>
}

const CHANNEL = 'stockhand:commits'

export function openBus<T>({
  redisUrl,
  deliver,
  log,
}: {
  redisUrl: string | undefined
  deliver: (message: T) => void
  log: Logger
}): Bus<T> {
  return redisUrl === undefined ? new LocalBus(deliver) : new RedisBus(redisUrl, deliver, log)
}

class LocalBus<T> implements Bus<T> {
  readonly connected = true
  readonly publish: (message: T) => void
  constructor(deliver: (message: T) => void) {
    this.publish = deliver
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Delivers to its own process at once, and to the others through Redis; Redis being away costs them time, not data. */
class RedisBus<T> implements Bus<T> {
  readonly #publisher: Redis
  readonly #subscriber: Redis
  readonly #deliver: (message: T) => void
  readonly #self = `${process.pid}-${Math.random().toString(36).slice(2)}`

  constructor(url: string, deliver: (message: T) => void, log: Logger) {
    this.#deliver = deliver
    this.#publisher = new Redis(url, { maxRetriesPerRequest: 1, enableOfflineQueue: false })
    this.#subscriber = new Redis(url, { maxRetriesPerRequest: null })
    let quiet = false
    for (const connection of [this.#publisher, this.#subscriber]) {
      connection.on('error', (error) => {
        if (!quiet) log.warn({ error: error.message }, 'Redis is away: other replicas learn of changes later')
        quiet = true
      })
      connection.on('ready', () => {
        quiet = false
      })
    }
    this.#subscriber.on('message', (_channel, text) => {
      const { from, message } = JSON.parse(text) as { from: string; message: T }
      if (from !== this.#self) deliver(message)
    })
    this.#subscriber.subscribe(CHANNEL).catch(() => undefined) // ioredis subscribes again by itself
  }

  get connected(): boolean {
    return this.#publisher.status === 'ready' && this.#subscriber.status === 'ready'
  }

  publish(message: T): void {
    this.#deliver(message)
    this.#publisher.publish(CHANNEL, JSON.stringify({ from: this.#self, message })).catch(() => undefined) // logged above
  }

  async close(): Promise<void> {
    // One that is not connected would wait for its server instead of ending.
    const connected = [this.#publisher, this.#subscriber].filter(({ status }) => status === 'ready')
    await Promise.allSettled(connected.map((connection) => connection.quit()))
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
  }
}
