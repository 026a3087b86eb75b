// A device of the simulation: the real Device and Exchange over fake-indexeddb, a clock that may be wrong, a person who
// presses buttons, and a plug that can be pulled.
import 'fake-indexeddb/auto'
import type { Role } from '#shared/rows/rows.ts'
import { nextStamp, stampDevice } from '#shared/values/stamp.ts'
import type { Recorded } from '../../client/device/recorded.ts'
import type { OutboxEntry } from '../../client/device/database.ts'
import { DeviceDatabase } from '../../client/device/database.ts'
import { Device } from '../../client/device/device.ts'
import type { Clock } from '../../client/sync/clock.ts'
import { Exchange } from '../../client/sync/exchange.ts'
import type { ServerLink } from '../../client/sync/server-link.ts'
import { LinkFailure } from '../../client/sync/server-link.ts'
import type { Network, Reply } from './network.ts'
import type { Person } from './organisation.ts'
import { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface DeviceParts {
  name: string
  /** The name of its database. */
  storage: string
  person: Person
  role: Role
  skewMs: number
  pageRows: number
  seed: number
  time: VirtualTime
  network: Network
}

export class SimulatedDevice {
  readonly name: string
  readonly storage: string
  readonly person: Person
  skewMs: number
  /** Rows per page that it asks for, at most. */
  pageRows: number
  device!: Device
  /** Why the last exchange ended; undefined where it went well. */
  failure: Error | undefined
  readonly #parts: DeviceParts
  readonly #random: Random
  #exchange!: Exchange
  #exchanging: Promise<void> | undefined
  /** Grows when the device dies: what it had under way then is nobody's. */
  #life = 0

  constructor(parts: DeviceParts) {
    this.name = parts.name
    this.storage = parts.storage
    this.person = parts.person
    this.skewMs = parts.skewMs
    this.pageRows = parts.pageRows
    this.#parts = parts
    this.#random = new Random(parts.seed, 3)
  }

  get now(): number {
    return this.#parts.time.now + this.skewMs
  }

  async open(): Promise<void> {
    const { person, role } = this.#parts
    const now = () => this.now
    const random = () => this.#random.bytes(10)
    this.device = await Device.open({ name: this.storage, actor: { userId: person.userId, role }, now, random })
    this.#exchange = new Exchange({ device: this.device, link: this.#link(this.#life), clock: this.#clock() })
  }

  /** Its clock; the patience of Exchange never ends, for the network here answers or says that it cannot. */
  #clock(): Clock {
    const { time } = this.#parts
    return {
      now: () => this.now,
      monotonic: () => time.now,
      random: () => this.#random.next(),
      wait: (_ms, signal) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve())),
    }
  }

  record(verb: string, args: Record<string, unknown>): Promise<Recorded> {
    return this.device.record(verb, args)
  }

  get isExchanging(): boolean {
    return this.#exchanging !== undefined
  }

  /** Begins push and pull; they go on as their messages arrive. */
  beginExchange(): void {
    if (this.#exchanging) return
    const life = this.#life
    const exchanging = this.#exchange
      .push(NEVER)
      .then(() => this.#exchange.pull(NEVER, () => undefined))
      .then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error('not an error', { cause: error })),
      )
      .then((failure) => {
        if (life !== this.#life) return
        this.failure = failure
        this.#exchanging = undefined
      })
    this.#exchanging = exchanging
  }

  /** Power off in the middle of whatever it does: what is not committed is lost. */
  async die(): Promise<void> {
    this.#life += 1
    this.#exchanging = undefined
    cutPower(this.storage)
    this.device.close()
    await this.#parts.time.stillness()
    await this.open()
  }

  /** Puts a mutation into the outbox past every check of the app, as its next one. */
  async slip({ id, name, args }: { id: string; name: string; args: unknown }): Promise<void> {
    const database = new DeviceDatabase(this.storage)
    const { meta, outbox } = database
    await database.transaction('rw', [meta, outbox], async () => {
      const identity = (await database.readMeta('identity'))!
      const { nextSeq: seq, clientId, lastStamp } = identity
      const at = nextStamp(lastStamp, this.now, stampDevice(clientId))
      await outbox.add({ seq, envelope: { seq, id, name, args, at }, at })
      await database.writeMeta('identity', { ...identity, nextSeq: seq + 1, lastStamp: at })
    })
    database.close()
    await this.device.reread()
  }

  /** Another device with the same database, as a restored backup of the machine is. */
  async clone(name: string): Promise<SimulatedDevice> {
    const { time } = this.#parts
    const seed = Number.parseInt(time.uuid().slice(0, 8), 16) // chance does not repeat itself in a copy
    const parts = { ...this.#parts, name, storage: time.uuid(), skewMs: this.skewMs, seed }
    const [from, to] = [new DeviceDatabase(this.storage), new DeviceDatabase(parts.storage)]
    await to.delete() // the same seed was played before, while a history is made shorter
    await to.open()
    for (const table of from.tables) await to.table(table.name).bulkPut(await table.toArray())
    from.close()
    to.close()
    const copy = new SimulatedDevice(parts)
    await copy.open()
    return copy
  }

  close(): void {
    this.#life += 1
    this.device.close()
  }

  /** All that waits on its disk, also what was set aside as too large for the way. */
  async outbox(): Promise<OutboxEntry[]> {
    return (await this.device.exportPending()).outbox
  }

  #link(life: number): ServerLink {
    const ask = <T>(path: 'push' | 'pull', input: unknown): Promise<T> =>
      new Promise((resolve, reject) => {
        const answer = (reply: Reply) => {
          if (life !== this.#life) return
          if (reply.ok) resolve(reply.value as T)
          else reject(new LinkFailure(reply))
        }
        const { time, network, person } = this.#parts
        if (life !== this.#life) return
        network.send({ device: this.name, path, input, accessToken: person.accessToken, sentAt: time.now, answer })
      })
    return {
      push: (request) => ask('push', request),
      pull: (request) => ask('pull', { ...request, limit: Math.min(request.limit ?? this.pageRows, this.pageRows) }),
      listen: () => () => undefined,
    }
  }
}

const NEVER = new AbortController().signal

/** Rolls back every transaction that has not committed, as a disk does after a power cut. */
function cutPower(storage: string): void {
  const databases = (globalThis.indexedDB as unknown as { _databases: Map<string, RawDatabase> })._databases
  for (const transaction of databases.get(storage)?.transactions ?? []) {
    if (transaction._state !== 'finished') transaction._abort(null)
  }
}

/** What fake-indexeddb keeps of a database. */
interface RawDatabase {
  transactions: { _state: string; _abort(name: string | null): void }[]
}
