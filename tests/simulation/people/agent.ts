// An agent, as the HTML standard calls it: a tab or a service worker, with an event loop of its own. All run in this one
// process; which of them a piece of code belongs to is known by the context that it runs in.
import { AsyncLocalStorage } from 'node:async_hooks'

const running = new AsyncLocalStorage<Agent>()

export class Agent {
  readonly name: string
  /** A bug that the product reports: nothing but a disk that refuses should come here. */
  readonly reported: unknown[] = []
  /** How the newest push or pull ended that came to an end: whether anybody answered. */
  wasAnswered = false
  #asked = 0
  #heardOf = 0
  #isFrozen = false
  #hasEnded = false
  #waiting: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  /** It asks; says how that ended by what is returned. What was given up may end later than what came after it. */
  asks(): (wasAnswered: boolean) => void {
    const no = (this.#asked += 1)
    return (wasAnswered) => {
      if (no < this.#heardOf) return
      this.#heardOf = no
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

  /** Something comes from outside: a timer, a message, a lock. It waits while this agent is frozen, and is lost after its end. */
  receive(task: () => void): void {
    setImmediate(() => {
      if (this.#hasEnded) return
      if (this.#isFrozen) this.#waiting.push(task)
      else this.run(task)
    })
  }

  freeze(): void {
    this.#isFrozen = true
  }

  /** All that came meanwhile arrives now, in its order. */
  thaw(): void {
    this.#isFrozen = false
    for (const task of this.#waiting.splice(0)) this.receive(task)
  }

  end(): void {
    this.#hasEnded = true
    this.#waiting = []
  }
}

/** Whose code this is. */
export function runningAgent(): Agent {
  const agent = running.getStore()
  if (!agent) throw new Error('this code belongs to no tab')
  return agent
}

/** The same, where it may be nobody's: a server's, or the simulation's own. */
export function agentIfAny(): Agent | undefined {
  return running.getStore()
}
