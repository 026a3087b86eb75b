// Web Locks between simulated tabs. Node has them, but grants them in an order of its own, and its tabs cannot freeze.
import type { Agent } from '../people/agent.ts'
import { runningAgent } from '../people/agent.ts'

type Callback = (lock: { name: string } | null) => unknown

interface Asked {
  agent: Agent
  name: string
  callback: Callback
  resolve(value: unknown): void
  reject(error: unknown): void
}

export class SimulatedLocks {
  readonly #held = new Map<string, Asked>()
  #queue: Asked[] = []

  request(name: string, options: LockOptions, callback: Callback): Promise<unknown> {
    const agent = runningAgent()
    return new Promise((resolve, reject) => {
      const asked: Asked = { agent, name, callback, resolve, reject }
      const isFree = !this.#held.has(name) && !this.#queue.some((other) => other.name === name)
      if (options.steal) return this.#steal(asked)
      if (options.ifAvailable && !isFree) return agent.receive(() => void this.#call(asked, null))
      options.signal?.addEventListener('abort', () => {
        if (!this.#queue.includes(asked)) return
        this.#queue = this.#queue.filter((other) => other !== asked)
        reject(aborted('the request was given up'))
      })
      this.#queue.push(asked)
      this.#grantNext(name)
    })
  }

  query(): Promise<{ held: { name: string; clientId: string }[] }> {
    const agent = runningAgent()
    const held = [...this.#held.values()].map(({ name, agent: { name: clientId } }) => ({ name, clientId }))
    return new Promise((resolve) => agent.receive(() => resolve({ held })))
  }

  /** Who leads, for the checks: a lock is held from when it is granted, though its holder may be frozen. */
  holderOf(name: string): Agent | undefined {
    return this.#held.get(name)?.agent
  }

  /** Its process is gone, and what it held and waited for with it. */
  drop(agent: Agent): void {
    this.#queue = this.#queue.filter((asked) => asked.agent !== agent)
    for (const [name, asked] of this.#held) {
      if (asked.agent === agent) this.#release(name, asked)
    }
  }

  #steal(asked: Asked): void {
    const before = this.#held.get(asked.name)
    before?.agent.receive(() => before.reject(aborted('the lock was stolen')))
    this.#grant(asked)
  }

  #grantNext(name: string): void {
    if (this.#held.has(name)) return
    const next = this.#queue.find((asked) => asked.name === name)
    if (!next) return
    this.#queue = this.#queue.filter((asked) => asked !== next)
    this.#grant(next)
  }

  #grant(asked: Asked): void {
    const { agent, name } = asked
    this.#held.set(name, asked)
    agent.receive(() => void this.#call(asked, { name }).finally(() => this.#release(name, asked)))
  }

  async #call({ callback, resolve, reject }: Asked, lock: { name: string } | null): Promise<void> {
    try {
      resolve(await callback(lock))
    } catch (error) {
      reject(error)
    }
  }

  #release(name: string, asked: Asked): void {
    if (this.#held.get(name) !== asked) return
    this.#held.delete(name)
    this.#grantNext(name)
  }
}

function aborted(message: string): DOMException {
  return new DOMException(message, 'AbortError')
}
