// A reading that costs the database something, shared by everybody who asks. Guarantees: one at a time; its result is
// kept for at least so long, and so long that reading takes no more than a twentieth of the time: whoever scrapes more
// often, or twice, loads nobody.

const SHARE = 1 / 20

export interface Reading {
  /** Sets what it read. */
  read(): Promise<void>
  /** Unsets it: a number that nobody could read is no number. */
  forget(error: unknown): void
  keptMs: number
}

export class BoundedReading {
  readonly #reading: Reading
  readonly #now: () => number
  #running: Promise<void> | undefined
  #nextAt = 0

  /** `now` is a clock that never jumps, ms. */
  constructor(reading: Reading, now: () => number = () => performance.now()) {
    this.#reading = reading
    this.#now = now
  }

  /** Resolves when what is set is fresh enough. Never rejects. */
  refresh(): Promise<void> {
    if (this.#running) return this.#running
    if (this.#now() < this.#nextAt) return Promise.resolve()
    this.#running = this.#read().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #read(): Promise<void> {
    const begun = this.#now()
    try {
      await this.#reading.read()
    } catch (error) {
      this.#reading.forget(error)
    }
    const took = this.#now() - begun
    this.#nextAt = begun + Math.max(this.#reading.keptMs, took / SHARE)
  }
}
