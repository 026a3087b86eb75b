// What a browser has and Node lacks, or has in a way that no seed decides: locks, broadcast channels, the event that says
// that the network is back, and the place where the product reports a bug. Each tab finds its own by who runs.
import type { Agent } from '../people/agent.ts'
import { agentIfAny, runningAgent } from '../people/agent.ts'
import { SimulatedLocks } from './lock-manager.ts'

export class Browser {
  readonly locks = new SimulatedLocks()
  #channels: { agent: Agent; name: string; channel: Channel }[] = []
  readonly #online = new Map<Agent, (() => void)[]>()

  /** Puts these parts in place. Returns how to take them away again. */
  install(): () => void {
    const parts: Record<string, unknown> = {
      BroadcastChannel: this.#channelClass(),
      addEventListener: (type: string, hear: () => void) => {
        const agent = runningAgent()
        if (type === 'online') this.#online.set(agent, [...(this.#online.get(agent) ?? []), hear])
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

  /** The browser says that the network is back, which may be true. */
  hint(agent: Agent): void {
    for (const hear of this.#online.get(agent) ?? []) agent.receive(hear)
  }

  /** The process of a tab is gone. */
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
