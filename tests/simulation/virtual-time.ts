// Time that only the simulation moves, and the knowledge of when everything has come to rest. While a world runs, the
// wall clock, random ids and the waiting of the code under test are its own, so that one seed decides all of them.
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import { Random } from './random.ts'

/** Where every world begins. */
const BEGINNING_MS = Date.UTC(2026, 2, 1, 8)

const real = {
  now: Date.now,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  randomUUID: globalThis.crypto.randomUUID,
  sleep: timers.setTimeout,
}

export class VirtualTime {
  /** The true time, which servers know. Devices have clocks of their own. */
  now = BEGINNING_MS
  readonly #ids: Random
  /** What is still to run in this process. fake-indexeddb does everything by `setImmediate`. */
  readonly #turns = new Set<unknown>()
  /** Transactions that PostgreSQL works on. */
  #working = 0
  /** How often PostgreSQL was asked. */
  worked = 0
  #rested: (() => void) | undefined

  constructor(seed: number) {
    this.#ids = new Random(seed, 2)
  }

  /** Runs `work` in this time. Worlds run one after the other: the clock is the process's. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    Date.now = () => this.now
    globalThis.crypto.randomUUID = () => this.#ids.uuid() as ReturnType<typeof crypto.randomUUID>
    globalThis.setImmediate = ((task: (...args: unknown[]) => void, ...args: unknown[]) => {
      const turn = real.setImmediate(() => {
        this.#turns.delete(turn)
        task(...args)
      })
      this.#turns.add(turn)
      return turn
    }) as typeof setImmediate
    globalThis.clearImmediate = (turn) => {
      this.#turns.delete(turn)
      real.clearImmediate(turn)
    }
    timers.setTimeout = ((ms: number, value: unknown) => this.#wait(ms).then(() => value)) as typeof timers.setTimeout
    syncBuiltinESMExports()
    try {
      return await work()
    } finally {
      Date.now = real.now
      globalThis.setImmediate = real.setImmediate
      globalThis.clearImmediate = real.clearImmediate
      globalThis.crypto.randomUUID = real.randomUUID
      timers.setTimeout = real.sleep
      syncBuiltinESMExports()
    }
  }

  uuid(): string {
    return this.#ids.uuid()
  }

  /** Lets a number of turns of the event loop pass: for a crash in the middle of something. */
  async turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await realTurn()
  }

  /** Counts what PostgreSQL works on. */
  async whileWorking<T>(work: Promise<T>): Promise<T> {
    this.beginWork()
    try {
      return await work
    } finally {
      this.endWork()
    }
  }

  beginWork(): void {
    this.#working += 1
    this.worked += 1
  }

  endWork(): void {
    this.#working -= 1
    if (this.#working === 0) this.#rested?.()
  }

  /** Resolves when nothing moves any more: every device and server waits for a message, or for time to pass. */
  async stillness(): Promise<void> {
    for (let still = 0; still < 2;) {
      await realTurn()
      if (this.#working > 0) await new Promise<void>((resolve) => (this.#rested = resolve))
      still = this.#turns.size === 0 && this.#working === 0 ? still + 1 : 0
    }
  }

  /** The code under test waits: the time passes at once. */
  #wait(ms: number): Promise<void> {
    this.now += ms
    return realTurn()
  }
}

function realTurn(): Promise<void> {
  return new Promise((resolve) => real.setImmediate(resolve))
}
