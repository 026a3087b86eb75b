// Browser features that Node lacks, or that a seed cannot control in Node: locks, broadcast channels, the "online"
// event, and the function that the product reports bugs to. Each tab gets its own, by the agent that runs.
import type { Agent } from './agent.ts'
import { agentIfAny, runningAgent } from './agent.ts'
import { SimulatedLocks } from './lock-manager.ts'

export class Browser {
  readonly locks = new SimulatedLocks()
  #channels: { agent: Agent; name: string; channel: Channel }[] = []
  readonly #online = new Map<Agent, (() => void)[]>()

  /** Installs these features. Returns a function that removes them. */
  install(): () => void {
    const parts: Record<string, unknown> = {
      BroadcastChannel: this.#channelClass(),
      addEventListener: (type: string, listener: () => void) => {
        const agent = runningAgent()
        if (type === 'online') this.#online.set(agent, [...(this.#online.get(agent) ?? []), listener])
      },
      reportError: (error: unknown) => agentIfAny()?.reported.push(error),
    }
    const before = Object.keys(parts).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const)
    for (const [name, value] of Object.entries(parts)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
    }
    Object.defineProperty(globalThis.navigator, 'locks', { value: this.locks, configurable: true })
    return () => {
      for (const [name, descriptor] of before) {
        if (descriptor) Object.defineProperty(globalThis, name, descriptor)
        else Reflect.deleteProperty(globalThis, name)
      }
      Reflect.deleteProperty(globalThis.navigator, 'locks')
    }
  }

  /** The browser fires the "online" event, which may be wrong. */
  fireOnline(agent: Agent): void {
    for (const listener of this.#online.get(agent) ?? []) agent.receive(listener)
  }

  /** The process of a tab has ended. */
  drop(agent: Agent): void {
    agent.end()
    this.locks.drop(agent)
    this.#online.delete(agent)
    this.#channels = this.#channels.filter((one) => one.agent !== agent)
  }

  #channelClass(): new (name: string) => Channel {
    const add = (name: string, channel: Channel) => this.#channels.push({ agent: runningAgent(), name, channel })
    const others = (channel: Channel) => {
      const { name } = this.#channels.find((one) => one.channel === channel) ?? {}
      return this.#channels.filter((one) => one.name === name && one.channel !== channel)
    }
    const remove = (channel: Channel) => {
      this.#channels = this.#channels.filter((one) => one.channel !== channel)
    }
    return class extends Channel {
      constructor(name: string) {
        super()
        add(name, this)
      }
      override postMessage(data: unknown): void {
        for (const { agent, channel } of others(this)) {
          const copy: unknown = structuredClone(data)
          agent.receive(() => channel.onmessage?.({ data: copy }))
        }
      }
      override close(): void {
        remove(this)
      }
    }
  }
}

abstract class Channel {
  onmessage: ((event: { data: unknown }) => void) | undefined
  abstract postMessage(data: unknown): void
  abstract close(): void
}
