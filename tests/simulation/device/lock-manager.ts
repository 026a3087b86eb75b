// Web Locks between simulated tabs. Node has them, but grants them in its own order, and its tabs cannot freeze.
import type { Agent } from './agent.ts'
import { runningAgent } from './agent.ts'

type Callback = (lock: { name: string } | null) => unknown

interface LockRequest {
  agent: Agent
  name: string
  callback: Callback
  resolve(value: unknown): void
  reject(error: unknown): void
}

export class SimulatedLocks {
  readonly #held = new Map<string, LockRequest>()
  #queue: LockRequest[] = []

  request(name: string, options: LockOptions, callback: Callback): Promise<unknown> {
    const agent = runningAgent()
    return new Promise((resolve, reject) => {
      const request: LockRequest = { agent, name, callback, resolve, reject }
      const isFree = !this.#held.has(name) && !this.#queue.some((other) => other.name === name)
      if (options.steal) return this.#steal(request)
      if (options.ifAvailable && !isFree) return agent.receive(() => void this.#call(request, null))
      options.signal?.addEventListener('abort', () => {
        if (!this.#queue.includes(request)) return
        this.#queue = this.#queue.filter((other) => other !== request)
        reject(aborted('the request was given up'))
      })
      this.#queue.push(request)
      this.#grantNext(name)
    })
  }

  query(): Promise<{ held: { name: string; clientId: string }[] }> {
    const agent = runningAgent()
    const held = [...this.#held.values()].map(({ name, agent: { name: clientId } }) => ({ name, clientId }))
    return new Promise((resolve) => agent.receive(() => resolve({ held })))
  }

  /** The leader, for the checks. A lock is held from the moment it is granted, even if its holder is frozen. */
  holderOf(name: string): Agent | undefined {
    return this.#held.get(name)?.agent
  }

  /** The process of an agent has ended: its locks are released and its requests removed. */
  drop(agent: Agent): void {
    this.#queue = this.#queue.filter((request) => request.agent !== agent)
    for (const [name, request] of this.#held) {
      if (request.agent === agent) this.#release(name, request)
    }
  }

  #steal(request: LockRequest): void {
    const before = this.#held.get(request.name)
    before?.agent.receive(() => before.reject(aborted('the lock was stolen')))
    this.#grant(request)
  }

  #grantNext(name: string): void {
    if (this.#held.has(name)) return
    const next = this.#queue.find((request) => request.name === name)
    if (!next) return
    this.#queue = this.#queue.filter((request) => request !== next)
    this.#grant(next)
  }

  #grant(request: LockRequest): void {
    const { agent, name } = request
    this.#held.set(name, request)
    agent.receive(() => void this.#call(request, { name }).finally(() => this.#release(name, request)))
  }

  async #call({ callback, resolve, reject }: LockRequest, lock: { name: string } | null): Promise<void> {
    try {
      resolve(await callback(lock))
    } catch (error) {
      reject(error)
    }
  }

  #release(name: string, request: LockRequest): void {
    if (this.#held.get(name) !== request) return
    this.#held.delete(name)
    this.#grantNext(name)
  }
}

function aborted(message: string): DOMException {
  return new DOMException(message, 'AbortError')
}
