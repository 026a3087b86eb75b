// Carries events between servers: through Redis if it is configured, otherwise within this process. Delivery is at most once.
// A lost event is covered by the next head that sockets get.
import type { Logger } from 'pino'
import { Redis } from 'ioredis'

export interface Bus<T> {
  publish(message: T): void
  /** True while messages reach the other servers. Without Redis it is always true. */
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

/** Delivers to its own process directly, and to the others through Redis. If Redis is down, they are late but lose nothing. */
class RedisBus<T> implements Bus<T> {
  readonly #publisher: Redis
  readonly #subscriber: Redis
  readonly #deliver: (message: T) => void
  readonly #self = `${process.pid}-${Math.random().toString(36).slice(2)}`

  constructor(url: string, deliver: (message: T) => void, log: Logger) {
    this.#deliver = deliver
    this.#publisher = new Redis(url, { maxRetriesPerRequest: 1, enableOfflineQueue: false })
    this.#subscriber = new Redis(url, { maxRetriesPerRequest: null })
    let isLogged = false
    for (const connection of [this.#publisher, this.#subscriber]) {
      connection.on('error', (error) => {
        if (!isLogged) log.warn({ error: error.message }, 'Redis cannot be reached: other servers get changes later')
        isLogged = true
      })
      connection.on('ready', () => {
        isLogged = false
      })
    }
    this.#subscriber.on('message', (_channel, text) => {
      const { from, message } = JSON.parse(text) as { from: string; message: T }
      if (from !== this.#self) deliver(message)
    })
    this.#subscriber.subscribe(CHANNEL).catch(() => undefined) // ioredis subscribes again automatically
  }

  get connected(): boolean {
    return this.#publisher.status === 'ready' && this.#subscriber.status === 'ready'
  }

  publish(message: T): void {
    this.#deliver(message)
    this.#publisher.publish(CHANNEL, JSON.stringify({ from: this.#self, message })).catch(() => undefined) // logged above
  }

  async close(): Promise<void> {
    // `quit` on a connection that is down would wait for Redis.
    const connected = [this.#publisher, this.#subscriber].filter(({ status }) => status === 'ready')
    await Promise.allSettled(connected.map((connection) => connection.quit()))
    this.#publisher.disconnect()
    this.#subscriber.disconnect()
  }
}
