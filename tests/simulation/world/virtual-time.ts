// Time that only the simulation advances, and the detection of idleness. While a world runs, it replaces the wall
// clock, random ids and waits of the code under test, so that one seed determines all of them.
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import { Random } from '../random.ts'

/** The time at which every world begins. */
const BEGINNING_MS = Date.UTC(2026, 2, 1, 8)

const real = {
  now: Date.now,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  randomUUID: globalThis.crypto.randomUUID,
  sleep: timers.setTimeout,
}

interface Timer {
  /** In the monotonic time of a device, or in the true time of a server. */
  at: number
  isServers: boolean
  fire(): void
}

export class VirtualTime {
  /** The true time, which servers have. Devices have clocks of their own. */
  now = BEGINNING_MS
  /** How long all devices have slept. Their monotonic clocks and timers stopped. */
  #sleptMs = 0
  /** In the order in which they were set. */
  #timers: Timer[] = []
  readonly #ids: Random
  /** Tasks that have not run yet in this process. fake-indexeddb does everything with `setImmediate`. */
  readonly #turns = new Set<unknown>()
  /** The number of transactions in progress in PostgreSQL. */
  #working = 0
  /** The number of write transactions so far. */
  written = 0
  #idleCallbacks: (() => void)[] = []

  constructor(seed: number) {
    this.#ids = new Random(seed, 2)
  }

  /** Runs `work` in this time. Worlds run one after another, because the clock belongs to the process. */
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
    // A server's wait before a retry takes no time, because the number of retries depends on the speed of PostgreSQL.
    timers.setTimeout = ((_ms: number, value: unknown) => realTurn().then(() => value)) as typeof timers.setTimeout
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

  /** The monotonic clock of devices. */
  get monotonic(): number {
    return this.now - BEGINNING_MS - this.#sleptMs
  }

  uuid(): string {
    return this.#ids.uuid()
  }

  /** Sets a timer of a device. Returns a function that cancels it. */
  afterAwake(ms: number, fire: () => void): () => void {
    return this.#set({ at: this.monotonic + Math.max(0, Math.ceil(ms)), isServers: false, fire })
  }

  /** Sets a timer of a server. Returns a function that cancels it. */
  after(ms: number, fire: () => void): () => void {
    return this.#set({ at: this.now + ms, isServers: true, fire })
  }

  /** Advances time from timer to timer. `runUntilIdle` waits until everything is idle after each. */
  async pass(ms: number, runUntilIdle: () => Promise<void>): Promise<void> {
    const until = this.now + ms
    for (;;) {
      await runUntilIdle()
      const next = Math.min(...this.#timers.map((timer) => this.#msUntil(timer)))
      if (this.now + next > until) break
      this.now += Math.max(0, next)
      this.fire()
    }
    this.now = Math.max(this.now, until)
  }

  /** All devices sleep, and the servers continue. */
  sleep(ms: number): void {
    this.now += ms
    this.#sleptMs += ms
  }

  /** Fires the timers that are due. Returns false if none is. */
  fire(): boolean {
    const due = this.#timers.filter((timer) => this.#msUntil(timer) <= 0)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { fire } of due) fire()
    return due.length > 0
  }

  /** Lets this many turns of the event loop pass, for a crash in the middle of work. */
  async turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await realTurn()
  }

  /** Counts the work in progress in PostgreSQL. */
  async whileWorking<T>(work: Promise<T>): Promise<T> {
    this.#working += 1
    try {
      return await work
    } finally {
      this.#working -= 1
      if (this.#working === 0) for (const go of this.#idleCallbacks.splice(0)) go()
    }
  }

  /** Resolves when everything is idle: every device and server waits for a message or for time to pass. */
  async idle(): Promise<void> {
    for (let still = 0; still < 2;) {
      await realTurn()
      still = this.#turns.size === 0 && this.#working === 0 ? still + 1 : 0
      // Code that waited for PostgreSQL continues in the next turn.
      if (this.#working > 0) await new Promise<void>((resolve) => this.#idleCallbacks.push(resolve))
    }
  }

  #set(timer: Timer): () => void {
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  #msUntil({ at, isServers }: Timer): number {
    return at - (isServers ? this.now : this.monotonic)
  }
}

function realTurn(): Promise<void> {
  return new Promise((resolve) => real.setImmediate(resolve))
}
