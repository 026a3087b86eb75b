// A tab of a simulated device: the real Device and Sync, with the network, clock and browser of the simulation.
import { Device } from '../../../client/device/device.ts'
import type { Clock } from '#shared/values/clock.ts'
import { lockName } from '../../../client/sync/lock-name.ts'
import type { SyncTransport } from '../../../client/sync/sync-transport.ts'
import { RequestError } from '../../../client/sync/sync-transport.ts'
import { Sync } from '../../../client/sync/sync.ts'
import { Agent } from './agent.ts'
import { agentClock } from './agent-clock.ts'
import { Random } from '../random.ts'
import type { SimulatedDevice } from './simulated-device.ts'
import { SimulatedSession } from './simulated-session.ts'
import { SimulatedSocket } from './simulated-socket.ts'

interface RequestOptions {
  signal: AbortSignal | undefined
  /** Try once more with a new token if this one is refused. */
  again?: boolean
}

export class SimulatedTab {
  readonly agent: Agent
  readonly host: SimulatedDevice
  readonly session: SimulatedSession
  device!: Device
  sync!: Sync
  /** The session reports another role than the app was opened with. */
  isOutdated = false
  readonly clock: Clock
  #sockets: SimulatedSocket[] = []

  constructor(host: SimulatedDevice, { name, seed }: { name: string; seed: number }) {
    this.host = host
    this.agent = new Agent(name)
    this.clock = agentClock(this.agent, host, new Random(seed, 4))
    const session = () =>
      new SimulatedSession({
        openChannel: (received) => host.browser.openChannel(`session ${host.storage}`, received),
        cookie: host.cookie,
        now: () => host.now,
        refresh: () => host.send(this.agent, { path: 'refresh', input: { cookie: host.cookie.text }, accessToken: '' }),
        roleReceived: (role) => (this.isOutdated ||= host.setRole(role)),
      })
    this.session = this.agent.run(session)
  }

  async open(random: () => Uint8Array): Promise<void> {
    const { host, clock } = this
    const { person, storage, role } = host
    await this.agent.run(async () => {
      const { now, monotonic } = clock
      this.device = await Device.open({ name: storage, actor: { userId: person.userId, role }, now, monotonic, random })
      this.sync = new Sync({
        device: this.device,
        session: this.session,
        transport: this.#link(),
        clock,
        browser: host.browser,
      })
      this.sync.start()
    })
  }

  get leads(): boolean {
    return this.host.browser.locks.holderOf(lockName(this.host.storage)) === this.agent
  }

  get openSockets(): SimulatedSocket[] {
    return this.#sockets.filter(({ isOpen }) => isOpen)
  }

  /** Closed by the user: pending writes finish. */
  async close(): Promise<void> {
    await this.agent.run(() => this.sync.stop())
    this.end()
  }

  /** Ends the tab in the middle of its work. */
  end(): void {
    for (const socket of this.#sockets) socket.end()
    this.host.browser.drop(this.agent)
    this.device?.close()
  }

  #link(): SyncTransport {
    const { pageRows } = this.host
    return {
      push: (request, signal) => this.#request('push', request, { signal }),
      pull: (request, signal) =>
        this.#request('pull', () => ({ ...request, limit: Math.min(request.limit ?? pageRows, pageRows) }), { signal }),
      subscribe: (request, handlers) => {
        const { host, clock, session, agent } = this
        const socket = new SimulatedSocket({
          device: host.name,
          network: host.network,
          clock,
          token: () => session.token(),
          request,
          handlers,
          receive: (task) => agent.receive(task),
        })
        this.#sockets = [...this.#sockets.filter(({ isOver }) => !isOver), socket]
        return () => socket.end()
      },
    }
  }

  /** Like client/sync/trpc-transport.ts: tries once more with a new token if the first one is refused. */
  async #request<T>(path: 'push' | 'pull', input: () => unknown, { signal, again = true }: RequestOptions): Promise<T> {
    const token = await this.session.token()
    signal?.throwIfAborted()
    if (token === undefined) throw new RequestError({ refusal: 'unauthenticated' })
    const reply = await this.host.send(this.agent, { path, input: input(), accessToken: token })
    if (reply.ok) return reply.value as T
    if (reply.refusal === 'resnapshot' || reply.refusal === 'unauthenticated') this.session.forgetToken()
    if (reply.refusal !== 'unauthenticated' || !again) throw new RequestError(reply)
    return this.#request(path, input, { signal, again: false })
  }
}
