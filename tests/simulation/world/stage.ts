// What worlds share in a process, as it costs time to build: a database, and a pool of connections per replica.
import postgres from 'postgres'
import type { Tx } from '../../../server/database/database.ts'
import { Database } from '../../../server/database/database.ts'
import { REPLICAS } from '../plan.ts'
import { ReadReplica } from './read-replica.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Commits take turns per organisation; few connections have their plans soon. */
const POOL_MAX = 2

/**
 * The real access to PostgreSQL of one process, with a place to stop in before a commit. Its connections outlive it, since
 * new ones are slow: what a process leaves under way as it dies is ended by whoever kills it.
 */
export class SimulatedDatabase extends Database {
  readonly #connections: Database
  time: VirtualTime | undefined
  /** Its process is gone. */
  isDead = false
  /** Called inside a transaction, its rows written and not yet committed. */
  beforeCommit: ((tx: Tx) => Promise<void>) | undefined
  /** Called between the commit and whoever learns of it. */
  afterCommit: (() => void) | undefined

  constructor(url: string, connections: Database) {
    super(url, { poolMax: 1 }) // opens none
    this.#connections = connections
  }

  override get anonymous(): postgres.Sql {
    return this.#connections.anonymous
  }

  override transaction<T>(orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.time) this.time.written += 1
    return this.#counted(async () => {
      const result = await this.#connections.transaction(orgId, async (tx) => {
        const done = await work(tx)
        await this.beforeCommit?.(tx)
        return done
      })
      this.afterCommit?.()
      return result
    })
  }

  override snapshot<T>(...parts: Parameters<Database['snapshot']>): Promise<T> {
    return this.#counted(() => this.#connections.snapshot(...parts) as Promise<T>)
  }

  #counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.isDead) return Promise.reject(new Error('this server is dead'))
    return this.time ? this.time.whileWorking(work()) : work()
  }
}

export class SimulationStage {
  /** Sees all organisations: for checks, and for what no server may do. */
  readonly owner: postgres.Sql
  readonly readReplica: ReadReplica
  readonly #url: string
  readonly #connections: Database[]
  readonly #databases: SimulatedDatabase[]

  constructor({ url, ownerUrl }: { url: string; ownerUrl: string }) {
    const planned = new URL(url)
    planned.searchParams.set('plan_cache_mode', 'force_generic_plan') // else each statement is planned anew five times
    this.#url = planned.href
    const bigint = { to: 20, from: [20, 1700], serialize: String, parse: Number }
    this.owner = postgres(ownerUrl, { max: 2, onnotice: () => undefined, types: { bigint } })
    this.readReplica = new ReadReplica(this.#url)
    this.#connections = Array.from({ length: REPLICAS }, () => new Database(this.#url, { poolMax: POOL_MAX }))
    this.#databases = this.#connections.map((connections) => new SimulatedDatabase(this.#url, connections))
  }

  database(replica: number): SimulatedDatabase {
    return this.#databases[replica]!
  }

  /** A replica died. */
  replace(replica: number): void {
    this.#databases[replica]!.isDead = true
    this.#databases[replica] = new SimulatedDatabase(this.#url, this.#connections[replica]!)
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.readReplica, ...this.#connections].map((connections) => connections.end()))
    await this.owner.end()
  }
}
