// The servers of a world: the requests that reach them, the faults while they answer, and their notices to each other.
import type { ServerEvent } from '../../../server/events/commit-event.ts'
import type { Dial, Message, Network, Request } from './network.ts'
import { describe } from './network.ts'
import type { RequestFault } from '../plan.ts'
import { REPLICAS } from '../plan.ts'
import type { Reads } from './replica.ts'
import { Replica } from './replica.ts'
import type { SimulationStage } from './stage.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface ServersParts {
  stage: SimulationStage
  time: VirtualTime
  network: Network
  reads: Reads
  narrate: (sentence: string) => void
}

export class Servers {
  readonly replicas: Replica[] = []
  /** The longest duration of a push, in ms. */
  longestRequestMs = 0
  readonly #parts: ServersParts

  constructor(parts: ServersParts) {
    this.#parts = parts
    for (let index = 0; index < REPLICAS; index++) this.#start(index)
  }

  /** Delivers a message to its recipient. */
  async deliver(
    message: Message | undefined,
    { replica, fault }: { replica: number; fault: RequestFault },
  ): Promise<void> {
    const { narrate } = this.#parts
    switch (message?.kind) {
      case undefined:
        return undefined
      case 'request':
        return this.#serve(message, { index: replica, fault: message.path === 'push' ? fault : 'nothing' })
      case 'dial':
        return this.#connect(message, replica)
      case 'answer':
        narrate(`${describe(message)} arrives`)
        return message.answer(message.reply)
      case 'frame':
        narrate(`${describe(message)} arrives`)
        return message.socket.receiveFrame(message.frame)
      case 'notice':
        return this.replicas[message.to]!.feed.deliver(message.notice)
    }
  }

  /** Delivers all pushes in flight at once, so that their commits are grouped. */
  async deliverTogether(index: number): Promise<void> {
    const { network, narrate } = this.#parts
    const pushes = network.takeAll(isPush) as Request[]
    for (const push of pushes) this.#noteDuration(push)
    if (pushes.length > 0) narrate(`${pushes.map(describe).join(' and ')} reach server ${index + 1} at once`)
    const replies = await Promise.all(pushes.map((push) => this.replicas[index]!.serve(push)))
    pushes.forEach((push, i) => network.reply(push, replies[i]!))
  }

  restart(index: number): void {
    this.replicas[index]!.crash()
    this.#parts.stage.replace(index)
    this.#start(index)
  }

  #start(index: number): void {
    const { stage, time, reads } = this.#parts
    const database = stage.database(index)
    database.beforeCommit = undefined
    database.afterCommit = undefined
    this.replicas[index] = new Replica({ database, time, reads, publish: (event) => this.#publish(event, index) })
  }

  #publish(event: ServerEvent, from: number): void {
    const { network } = this.#parts
    for (let to = 0; to < REPLICAS; to++) {
      if (to === from) continue
      const key = network.key(`server ${from + 1}'s notice to server ${to + 1}`)
      network.send({ kind: 'notice', key, to, notice: structuredClone(event) })
    }
  }

  async #serve(request: Request, { index, fault }: { index: number; fault: RequestFault }): Promise<void> {
    const { network, narrate, time } = this.#parts
    this.#noteDuration(request)
    const replica = this.replicas[index]!
    if (fault !== 'nothing') this.#planFault(fault, index)
    const reply = await replica.serve(request)
    replica.database.beforeCommit = undefined
    replica.database.afterCommit = undefined
    await time.idle()
    narrate(
      `${describe(request)} reaches server ${index + 1}${fault === 'nothing' ? '' : ` (fault: ${fault})`}: ${
        reply.ok ? 'answered' : (reply.refusal ?? 'no answer')
      }`,
    )
    network.reply(request, reply)
  }

  #connect({ key, device, socket }: Dial, index: number): void {
    const { network, narrate } = this.#parts
    const signal = socket.accept()
    if (!signal) return
    narrate(`${key} is open to server ${index + 1}`)
    const { request: input, accessToken } = socket
    void this.replicas[index]!.listen(
      { input, accessToken },
      {
        signal,
        send: (frame) => {
          if (!signal.aborted)
            network.send({ kind: 'frame', key: network.key(`${key}'s message`), device, socket, frame })
        },
      },
    )
  }

  /** A device's clock offset may be wrong by the duration of the request that determined it. */
  #noteDuration({ sentAt }: Request): void {
    this.longestRequestMs = Math.max(this.longestRequestMs, this.#parts.time.now - sentAt)
  }

  /** Plans a fault inside the next transaction of a server. */
  #planFault(fault: RequestFault, index: number): void {
    const { database } = this.replicas[index]!
    if (fault === 'killed after commit') {
      database.afterCommit = () => {
        this.restart(index)
        throw new Error('killed')
      }
      return
    }
    database.beforeCommit = async ({ sql }) => {
      database.beforeCommit = undefined
      if (fault === 'a pull') return this.#pullFromOtherServer(index)
      if (fault === 'another push') return this.#pushToOtherServer(index)
      const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
      if (fault === 'server killed') this.restart(index)
      await this.#terminate(pid)
    }
  }

  async #pullFromOtherServer(index: number): Promise<void> {
    const { network, narrate } = this.#parts
    const pull = network.take(0, (message) => message.kind === 'request' && message.path === 'pull')
    if (pull?.kind !== 'request') return
    const reply = await this.replicas[(index + 1) % REPLICAS]!.serve(pull)
    narrate(`${describe(pull)} is served by the other server`)
    network.reply(pull, reply)
  }

  /** Another server must wait for the lock until this one has committed. */
  async #pushToOtherServer(index: number): Promise<void> {
    const { network, narrate, time } = this.#parts
    const push = network.take(0, isPush)
    if (push?.kind !== 'request') return
    this.#noteDuration(push)
    let served = false
    void this.replicas[(index + 1) % REPLICAS]!.serve(push).then((reply) => {
      served = true
      network.reply(push, reply)
    })
    narrate(`${describe(push)} waits at the other server`)
    while (!served && !(await this.#isTransactionBlocked())) await time.turns(1)
  }

  async #isTransactionBlocked(): Promise<boolean> {
    const [row] = await this.#parts.stage.owner<{ waits: boolean }[]>`
      select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock') as waits`
    return row!.waits
  }

  async #terminate(pid: number): Promise<void> {
    const { owner } = this.#parts.stage
    await owner`select pg_terminate_backend(${pid})`
    while ((await owner`select from pg_stat_activity where pid = ${pid}`).length > 0) await this.#parts.time.turns(1)
  }
}

export function isPush(message: Message): boolean {
  return message.kind === 'request' && message.path === 'push'
}
