// A measurement that costs database time, shared by all scrapes. Guarantees: it runs once at a time; its result is reused for
// `maxAgeMs` or longer, so that measuring takes at most a twentieth of the time, however often somebody scrapes.

const SHARE = 1 / 20

export interface Reading {
  /** Measures, and sets the gauges. */
  read(): Promise<void>
  /** Removes the values of the gauges, because they could not be measured. */
  forget(error: unknown): void
  maxAgeMs: number
}

export class BoundedReading {
  readonly #reading: Reading
  readonly #now: () => number
  #running: Promise<void> | undefined
  #nextAt = 0

  /** `now` is a monotonic clock, ms. */
  constructor(reading: Reading, now: () => number = () => performance.now()) {
    this.#reading = reading
    this.#now = now
  }

  /** Resolves when the gauges are recent enough. Never rejects. */
  refresh(): Promise<void> {
    if (this.#running) return this.#running
    if (this.#now() < this.#nextAt) return Promise.resolve()
    this.#running = this.#read().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #read(): Promise<void> {
    const startedAt = this.#now()
    try {
      await this.#reading.read()
    } catch (error) {
      this.#reading.forget(error)
    }
    const took = this.#now() - startedAt
    this.#nextAt = startedAt + Math.max(this.#reading.maxAgeMs, took / SHARE)
  }
}
