// What worlds share in a process, as it costs time to build: a database, and a pool of connections per replica.
import postgres from 'postgres'
import type { Tx } from '../../server/database/database.ts'
import { Database } from '../../server/database/database.ts'
import { REPLICAS } from './plan.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Commits take turns per organisation; reads need a few more. */
const POOL_MAX = 4

/** The real access to PostgreSQL, with a place to stop in before a commit. */
export class SimulatedDatabase extends Database {
  time: VirtualTime | undefined
  /** Its process is gone. */
  isDead = false
  /** Called inside a transaction, its rows written and not yet committed. */
  beforeCommit: ((tx: Tx) => Promise<void>) | undefined
  /** Called between the commit and whoever learns of it. */
  afterCommit: (() => void) | undefined

  override transaction<T>(orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.time) this.time.written += 1
    return this.#counted(async () => {
      const result = await super.transaction(orgId, async (tx) => {
        const done = await work(tx)
        await this.beforeCommit?.(tx)
        return done
      })
      this.afterCommit?.()
      return result
    })
  }

  override snapshot<T>(...parts: Parameters<Database['snapshot']>): Promise<T> {
    return this.#counted(() => super.snapshot(...parts) as Promise<T>)
  }

  #counted<T>(work: () => Promise<T>): Promise<T> {
    if (this.isDead) return Promise.reject(new Error('this server is dead'))
    return this.time ? this.time.whileWorking(work()) : work()
  }
}

export class Stage {
  /** Sees all organisations: for checks, and for what no server may do. */
  readonly owner: postgres.Sql
  readonly #url: string
  readonly #databases: SimulatedDatabase[]

  constructor({ url, ownerUrl }: { url: string; ownerUrl: string }) {
    this.#url = url
    const bigint = { to: 20, from: [20, 1700], serialize: String, parse: Number }
    this.owner = postgres(ownerUrl, { max: 2, onnotice: () => undefined, types: { bigint } })
    this.#databases = Array.from({ length: REPLICAS }, () => new SimulatedDatabase(url, { poolMax: POOL_MAX }))
  }

  database(replica: number): SimulatedDatabase {
    return this.#databases[replica]!
  }

  /** A replica died with all its connections. */
  replace(replica: number): void {
    const old = this.#databases[replica]!
    old.isDead = true
    void old.end().catch(() => undefined)
    this.#databases[replica] = new SimulatedDatabase(this.#url, { poolMax: POOL_MAX })
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#databases.map((database) => database.end()))
    await this.owner.end()
  }
}
