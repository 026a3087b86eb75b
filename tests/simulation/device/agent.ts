// An agent in the sense of the HTML standard: a tab or a service worker with its own event loop. All agents run in this
// process, and an async context tells which agent a piece of code belongs to.
import { AsyncLocalStorage } from 'node:async_hooks'

const running = new AsyncLocalStorage<Agent>()

export class Agent {
  readonly name: string
  /** Bugs that the product reported. Only failed writes to a full disk are allowed here. */
  readonly reported: unknown[] = []
  /** Whether a server answered in the latest push or pull that has ended. */
  wasAnswered = false
  #requests = 0
  #lastEnded = 0
  #isFrozen = false
  #hasEnded = false
  #queued: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  /** Starts a request and returns the function that ends it. A request that was given up may end after a later one. */
  startRequest(): (wasAnswered: boolean) => void {
    const number = (this.#requests += 1)
    return (wasAnswered) => {
      if (number < this.#lastEnded) return
      this.#lastEnded = number
      this.wasAnswered = wasAnswered
    }
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Runs code as this agent's. */
  run<T>(work: () => T): T {
    return running.run(this, work)
  }

  /**
   * Delivers something from outside, such as a timer, a message or a lock. It is queued while this agent is frozen and
   * lost after its end.
   */
  receive(task: () => void): void {
    setImmediate(() => {
      if (this.#hasEnded) return
      if (this.#isFrozen) this.#queued.push(task)
      else this.run(task)
    })
  }

  freeze(): void {
    this.#isFrozen = true
  }

  /** Delivers everything that was queued, in order. */
  thaw(): void {
    this.#isFrozen = false
    for (const task of this.#queued.splice(0)) this.receive(task)
  }

  end(): void {
    this.#hasEnded = true
    this.#queued = []
  }
}

/** The agent whose code is running. */
export function runningAgent(): Agent {
  const agent = running.getStore()
  if (!agent) throw new Error('this code does not belong to an agent')
  return agent
}

/** The same, or undefined for code of a server or of the simulation. */
export function agentIfAny(): Agent | undefined {
  return running.getStore()
}
