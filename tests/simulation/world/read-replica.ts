// A read replica that lags: one picture of the database, until it catches up. PostgreSQL keeps the picture, as an open
// REPEATABLE READ transaction does; when it catches up the seed decides, before each read.
import { APP_ROLE } from '../../../server/database/schema/app-role.ts'
import type { Sql } from '../../../server/database/database.ts'
import { Database } from '../../../server/database/database.ts'
import type { Random } from '../random.ts'
import type { VirtualTime } from './virtual-time.ts'

const CATCHES_UP = 0.3

export class ReadReplica extends Database {
  #random: Random | undefined
  #time: VirtualTime | undefined
  /** The connection that holds the picture. */
  #picture: Promise<Sql> | undefined
  /** Reads take turns: they share one transaction. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(url: string) {
    super(url, { poolMax: 1 })
  }

  /** A new world, which nothing is known of yet. */
  async begin(time: VirtualTime, random: Random): Promise<void> {
    await this.catchUp()
    this.#time = time
    this.#random = random
  }

  /** From now on it holds what the primary does. */
  follow(): void {
    this.#random = undefined
  }

  /** The next read sees the database as it is then. */
  async catchUp(): Promise<void> {
    const picture = await this.#picture
    this.#picture = undefined
    if (!picture) return
    await picture.unsafe('rollback')
    picture.release()
  }

  override async end(): Promise<void> {
    await this.#last
    await this.catchUp()
    await super.end()
  }

  override snapshot<T>(orgId: string, read: (sql: Sql) => Promise<T>): Promise<T> {
    const reading = this.#last.then(async () => {
      if (this.#random?.chance(CATCHES_UP) ?? true) await this.catchUp()
      const sql = await (this.#picture ??= this.#take())
      await sql`select set_config('role', ${APP_ROLE}, true), set_config('app.org_id', ${orgId}, true)`
      return read(sql)
    })
    this.#last = reading.catch(() => undefined)
    return this.#time?.whileWorking(reading) ?? reading
  }

  async #take(): Promise<Sql> {
    const sql = await this.anonymous.reserve()
    await sql.unsafe('begin isolation level repeatable read read only')
    return sql
  }
}
