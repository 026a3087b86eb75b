// The servers of a world: what reaches them, what befalls them while they answer, and what they tell each other.
import type { ServerEvent } from '../../../server/events/commit-event.ts'
import type { Dial, Message, Network, Request } from './network.ts'
import { describe } from './network.ts'
import type { Meanwhile } from '../plan.ts'
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
  tell: (sentence: string) => void
}

export class Servers {
  readonly replicas: Replica[] = []
  /** How long a push was under way at most. */
  longestWay = 0
  readonly #parts: ServersParts

  constructor(parts: ServersParts) {
    this.#parts = parts
    for (let index = 0; index < REPLICAS; index++) this.#start(index)
  }

  /** A message arrives wherever it was sent. */
  async deliver(
    message: Message | undefined,
    { replica, meanwhile }: { replica: number; meanwhile: Meanwhile },
  ): Promise<void> {
    const { tell } = this.#parts
    switch (message?.kind) {
      case undefined:
        return undefined
      case 'request':
        return this.#serve(message, { index: replica, befalls: message.path === 'push' ? meanwhile : 'nothing' })
      case 'dial':
        return this.#connect(message, replica)
      case 'answer':
        tell(`${describe(message)} arrives`)
        return message.answer(message.reply)
      case 'frame':
        tell(`${describe(message)} arrives`)
        return message.socket.hear(message.frame)
      case 'notice':
        return this.replicas[message.to]!.feed.deliver(message.notice)
    }
  }

  /** All pushes under way arrive at once: their commits are grouped. */
  async deliverTogether(index: number): Promise<void> {
    const { network, tell } = this.#parts
    const pushes = network.takeAll(isPush) as Request[]
    for (const push of pushes) this.#noteWay(push)
    if (pushes.length > 0) tell(`${pushes.map(describe).join(' and ')} reach server ${index + 1} at once`)
    const replies = await Promise.all(pushes.map((push) => this.replicas[index]!.serve(push)))
    pushes.forEach((push, i) => network.reply(push, replies[i]!))
  }

  restart(index: number): void {
    this.replicas[index]!.die()
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

  async #serve(request: Request, { index, befalls }: { index: number; befalls: Meanwhile }): Promise<void> {
    const { network, tell, time } = this.#parts
    this.#noteWay(request)
    const replica = this.replicas[index]!
    if (befalls !== 'nothing') this.#arrange(befalls, index)
    const reply = await replica.serve(request)
    replica.database.beforeCommit = undefined
    replica.database.afterCommit = undefined
    await time.stillness()
    tell(
      `${describe(request)} reaches server ${index + 1}${befalls === 'nothing' ? '' : ` (meanwhile: ${befalls})`}: ${
        reply.ok ? 'answered' : (reply.refusal ?? 'no answer')
      }`,
    )
    network.reply(request, reply)
  }

  #connect({ key, device, socket }: Dial, index: number): void {
    const { network, tell } = this.#parts
    const signal = socket.accept()
    if (!signal) return
    tell(`${key} is open to server ${index + 1}`)
    const { request: input, accessToken } = socket
    void this.replicas[index]!.listen(
      { input, accessToken },
      {
        signal,
        say: (frame) => {
          if (!signal.aborted)
            network.send({ kind: 'frame', key: network.key(`${key}'s message`), device, socket, frame })
        },
      },
    )
  }

  /** A clock that was asked for the server's may be wrong by as long as the request was under way. */
  #noteWay({ sentAt }: Request): void {
    this.longestWay = Math.max(this.longestWay, this.#parts.time.now - sentAt)
  }

  /** Makes something happen inside the next transaction of a replica. */
  #arrange(meanwhile: Meanwhile, index: number): void {
    const { database } = this.replicas[index]!
    if (meanwhile === 'killed after commit') {
      database.afterCommit = () => {
        this.restart(index)
        throw new Error('killed')
      }
      return
    }
    database.beforeCommit = async ({ sql }) => {
      database.beforeCommit = undefined
      if (meanwhile === 'a pull') return this.#pullMeanwhile(index)
      if (meanwhile === 'another push') return this.#pushMeanwhile(index)
      const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
      if (meanwhile === 'server killed') this.restart(index)
      await this.#terminate(pid)
    }
  }

  async #pullMeanwhile(index: number): Promise<void> {
    const { network, tell } = this.#parts
    const pull = network.take(0, (message) => message.kind === 'request' && message.path === 'pull')
    if (pull?.kind !== 'request') return
    const reply = await this.replicas[(index + 1) % REPLICAS]!.serve(pull)
    tell(`${describe(pull)} is served by the other server`)
    network.reply(pull, reply)
  }

  /** Another server has to wait for the lock, until this one has committed. */
  async #pushMeanwhile(index: number): Promise<void> {
    const { network, tell, time } = this.#parts
    const push = network.take(0, isPush)
    if (push?.kind !== 'request') return
    this.#noteWay(push)
    let served = false
    void this.replicas[(index + 1) % REPLICAS]!.serve(push).then((reply) => {
      served = true
      network.reply(push, reply)
    })
    tell(`${describe(push)} waits at the other server`)
    while (!served && !(await this.#isSomebodyWaiting())) await time.turns(1)
  }

  async #isSomebodyWaiting(): Promise<boolean> {
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
