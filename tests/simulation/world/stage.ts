// What worlds of a process share because creating it takes time: a database, and a pool of connections per server.
import postgres from 'postgres'
import type { Tx } from '../../../server/database/database.ts'
import { Database } from '../../../server/database/database.ts'
import { REPLICAS } from '../plan.ts'
import { ReadReplica } from './read-replica.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Commits of an organisation run one after another, and few connections have their plans cached soon. */
const POOL_MAX = 2

/**
 * The real access to PostgreSQL of one process, with hooks around a commit. The connections outlive the process,
 * because new ones are slow. The code that kills a process also ends its transactions.
 */
export class SimulatedDatabase extends Database {
  readonly #connections: Database
  time: VirtualTime | undefined
  /** The process has ended. */
  isDead = false
  /** Called inside a transaction, when its rows are written but not committed. */
  beforeCommit: ((tx: Tx) => Promise<void>) | undefined
  /** Called after the commit, before anybody learns of it. */
  afterCommit: (() => void) | undefined

  constructor(url: string, connections: Database) {
    super(url, { poolMax: 1 }) // does not open a connection
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
  /** Sees all organisations. Used by the checks, and for changes that no server may make. */
  readonly owner: postgres.Sql
  readonly readReplica: ReadReplica
  readonly #url: string
  readonly #connections: Database[]
  readonly #databases: SimulatedDatabase[]

  constructor({ url, ownerUrl }: { url: string; ownerUrl: string }) {
    const planned = new URL(url)
    planned.searchParams.set('plan_cache_mode', 'force_generic_plan') // otherwise each statement is planned five times
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

  /** Replaces the database access of a server that has ended. */
  replace(replica: number): void {
    this.#databases[replica]!.isDead = true
    this.#databases[replica] = new SimulatedDatabase(this.#url, this.#connections[replica]!)
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.readReplica, ...this.#connections].map((connections) => connections.end()))
    await this.owner.end()
  }
}
