// A lagging read replica: one snapshot of the database until it catches up. PostgreSQL keeps the snapshot in an open
// REPEATABLE READ transaction. Before each read the seed decides whether it catches up.
import { APP_ROLE } from '../../../server/database/schema/app-role.ts'
import type { Sql } from '../../../server/database/database.ts'
import { Database } from '../../../server/database/database.ts'
import type { Random } from '../random.ts'
import type { VirtualTime } from './virtual-time.ts'

const CATCH_UP_PROBABILITY = 0.3

export class ReadReplica extends Database {
  #random: Random | undefined
  #time: VirtualTime | undefined
  /** The connection that holds the snapshot. */
  #snapshotConnection: Promise<Sql> | undefined
  /** Reads run one after another, because they share one transaction. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(url: string) {
    super(url, { poolMax: 1 })
  }

  /** Starts a new world, of which the replica has no data yet. */
  async begin(time: VirtualTime, random: Random): Promise<void> {
    await this.catchUp()
    this.#time = time
    this.#random = random
  }

  /** From now on the replica has the same data as the primary. */
  follow(): void {
    this.#random = undefined
  }

  /** The next read sees the current database. */
  async catchUp(): Promise<void> {
    const connection = await this.#snapshotConnection
    this.#snapshotConnection = undefined
    if (!connection) return
    await connection.unsafe('rollback')
    connection.release()
  }

  override async end(): Promise<void> {
    await this.#last
    await this.catchUp()
    await super.end()
  }

  override snapshot<T>(orgId: string, read: (sql: Sql) => Promise<T>): Promise<T> {
    const reading = this.#last.then(async () => {
      if (this.#random?.chance(CATCH_UP_PROBABILITY) ?? true) await this.catchUp()
      const sql = await (this.#snapshotConnection ??= this.#openSnapshot())
      await sql`select set_config('role', ${APP_ROLE}, true), set_config('app.org_id', ${orgId}, true)`
      return read(sql)
    })
    this.#last = reading.catch(() => undefined)
    return this.#time?.whileWorking(reading) ?? reading
  }

  async #openSnapshot(): Promise<Sql> {
    const sql = await this.anonymous.reserve()
    await sql.unsafe('begin isolation level repeatable read read only')
    return sql
  }
}
