// The browser that all simulated tabs share: locks, broadcast channels, the "online" event, and the function that the
// product reports bugs to. What a tab opens belongs to the agent that runs.
import type { BrowserApis, TabChannel } from '../../../client/sync/browser-apis.ts'
import type { Agent } from './agent.ts'
import { agentIfAny, runningAgent } from './agent.ts'
import { SimulatedLocks } from './lock-manager.ts'

export class SimulatedBrowser implements BrowserApis {
  readonly locks = new SimulatedLocks()
  #channels: { agent: Agent; name: string; received: (message: unknown) => void }[] = []
  readonly #online = new Map<Agent, (() => void)[]>()

  /** Collects the errors that the product reports, by agent. Returns a function that stops it. */
  collectErrors(): () => void {
    const before = Object.getOwnPropertyDescriptor(globalThis, 'reportError')
    const value = (error: unknown) => agentIfAny()?.reported.push(error)
    Object.defineProperty(globalThis, 'reportError', { value, configurable: true, writable: true })
    return () => {
      if (before) Object.defineProperty(globalThis, 'reportError', before)
      else Reflect.deleteProperty(globalThis, 'reportError')
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

  openChannel(name: string, received: (message: unknown) => void): TabChannel {
    const opened = { agent: runningAgent(), name, received }
    this.#channels.push(opened)
    return {
      postMessage: (message) => {
        for (const other of this.#channels) {
          if (other.name !== name || other === opened) continue
          const copy: unknown = structuredClone(message)
          other.agent.receive(() => other.received(copy))
        }
      },
      close: () => {
        this.#channels = this.#channels.filter((channel) => channel !== opened)
      },
    }
  }

  /** A simulated tab is visible, or frozen. */
  isHidden(): boolean {
    return false
  }

  onNetworkHint(hint: () => void): void {
    const agent = runningAgent()
    this.#online.set(agent, [...(this.#online.get(agent) ?? []), hint])
  }
}
