// Time that only the simulation moves, and the knowledge of when everything has come to rest. While a world runs, the
// wall clock, random ids and the waiting of the code under test are its own, so that one seed decides all of them.
import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'
import { Random } from '../random.ts'

/** Where every world begins. */
const BEGINNING_MS = Date.UTC(2026, 2, 1, 8)

const real = {
  now: Date.now,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  randomUUID: globalThis.crypto.randomUUID,
  sleep: timers.setTimeout,
}

interface Timer {
  /** On a device by the monotonic clock, on a server by the true time. */
  at: number
  isServers: boolean
  ring(): void
}

export class VirtualTime {
  /** The true time, which servers know. Devices have clocks of their own. */
  now = BEGINNING_MS
  /** How long all devices slept: their monotonic clocks and timers stood still. */
  #sleptMs = 0
  /** In the order in which they were set. */
  #timers: Timer[] = []
  readonly #ids: Random
  /** What is still to run in this process. fake-indexeddb does everything by `setImmediate`. */
  readonly #turns = new Set<unknown>()
  /** Transactions that PostgreSQL works on. */
  #working = 0
  /** How often PostgreSQL was asked to write. */
  written = 0
  #rested: (() => void)[] = []

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
    // A server that waits before it tries again takes no time: how often it does depends on how fast PostgreSQL is.
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

  /** What a device's monotonic clock reads. */
  get monotonic(): number {
    return this.now - BEGINNING_MS - this.#sleptMs
  }

  uuid(): string {
    return this.#ids.uuid()
  }

  /** A timer of a device. Returns how to call it off. */
  afterAwake(ms: number, ring: () => void): () => void {
    return this.#set({ at: this.monotonic + Math.max(0, Math.ceil(ms)), isServers: false, ring })
  }

  /** A timer of a server. Returns how to call it off. */
  after(ms: number, ring: () => void): () => void {
    return this.#set({ at: this.now + ms, isServers: true, ring })
  }

  /** Lets time pass, from timer to timer; `settle` lets everything come to rest after each. */
  async pass(ms: number, settle: () => Promise<void>): Promise<void> {
    const until = this.now + ms
    for (;;) {
      await settle()
      const next = Math.min(...this.#timers.map((timer) => this.#msUntil(timer)))
      if (this.now + next > until) break
      this.now += Math.max(0, next)
      this.ring()
    }
    this.now = Math.max(this.now, until)
  }

  /** All devices sleep; the servers go on. */
  sleep(ms: number): void {
    this.now += ms
    this.#sleptMs += ms
  }

  /** Rings what is due. False where nothing is. */
  ring(): boolean {
    const due = this.#timers.filter((timer) => this.#msUntil(timer) <= 0)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { ring } of due) ring()
    return due.length > 0
  }

  /** Lets a number of turns of the event loop pass: for a crash in the middle of something. */
  async turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await realTurn()
  }

  /** Counts what PostgreSQL works on. */
  async whileWorking<T>(work: Promise<T>): Promise<T> {
    this.#working += 1
    try {
      return await work
    } finally {
      this.#working -= 1
      if (this.#working === 0) for (const go of this.#rested.splice(0)) go()
    }
  }

  /** Resolves when nothing moves any more: every device and server waits for a message, or for time to pass. */
  async stillness(): Promise<void> {
    for (let still = 0; still < 2;) {
      await realTurn()
      still = this.#turns.size === 0 && this.#working === 0 ? still + 1 : 0
      // Whoever waited for PostgreSQL goes on in the next turn.
      if (this.#working > 0) await new Promise<void>((resolve) => this.#rested.push(resolve))
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
