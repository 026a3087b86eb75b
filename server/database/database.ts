// The pool, and the two ways to use it: a transaction of one organisation, and a snapshot of one. Row-level security is
// on in both. Statements that are issued without awaiting travel together, so that a transaction costs two round trips.
import postgres from 'postgres'
import { StartError } from '../process/start-error.ts'
import { ReservedConnection } from './postgres-js-workarounds/reserved-connection.ts'
import { APP_ROLE } from './schema/app-role.ts'
import { coalescingSockets } from './postgres-js-workarounds/coalescing-socket.ts'
import { surviveOrphanedErrors } from './postgres-js-workarounds/orphaned-errors.ts'

export type Sql = postgres.ReservedSql

/** Enough for the commits and reads of one process; PostgreSQL's own limit is 100 by default. */
export const POOL_MAX = 12
const CONNECT_TIMEOUT_S = 5
/** Longer than a transaction takes that does not wait for a lock. */
const GIVE_UP_TIMEOUT_S = 10
const INT8 = 20
const NUMERIC = 1700
const DATE = 1082

/** A transaction under way. */
export interface Tx {
  sql: Sql
  /** Sends a statement whose result nobody waits for: it travels with the commit, and fails the transaction if it fails. */
  write(statement: postgres.PendingQuery<postgres.Row[]>): void
}

interface Manner {
  begin: string
  plans: 'auto' | 'force_generic_plan'
}

/** Its statements look rows up by key, whatever the keys are: planning some of them anew each time takes longer than they do. */
const WRITING: Manner = { begin: 'begin', plans: 'force_generic_plan' }
const READING: Manner = { begin: 'begin isolation level repeatable read read only', plans: 'auto' }

interface Pool {
  sql: postgres.Sql
  /** Resolves once nothing more should be asked of it. */
  givenUp: Promise<undefined>
  giveUp(): void
}

export class Database {
  readonly #open: () => Pool
  #pool: Pool
  readonly #saysPrepare: boolean
  #isEnding = false

  /** Opens no connection yet; `ready` does. */
  constructor(url: string, { poolMax = POOL_MAX }: { poolMax?: number } = {}) {
    this.#open = () => openPool(url, poolMax)
    this.#saysPrepare = new URL(url).searchParams.has('prepare')
    this.#pool = this.#open()
  }

  /** Throws unless the database answers. */
  async ready(): Promise<void> {
    await this.anonymous`select 1`
  }

  /**
   * @throws {StartError} where a statement of no organisation would see past row-level security, and where nothing says
   * whether a pooler keeps prepared statements: one that does not would leave this server waiting for ever.
   */
  async checkWay(): Promise<void> {
    const [{ role, unbound } = { role: '', unbound: true }] = await this.anonymous<
      { role: string; unbound: boolean }[]
    >`
      select current_user as role, rolsuper or rolbypassrls or coalesce(pg_has_role(
        (select relowner from pg_class where oid = to_regclass('organisations')), 'usage'), false) as unbound
      from pg_roles where rolname = current_user`
    if (unbound) {
      throw new StartError(
        `DATABASE_URL lets this server in as ${role}, whom row-level security does not bind: behind a pooler it must ` +
          'name a login of its own that owns nothing, and DATABASE_OWNER_URL the owner, directly',
      )
    }
    // PostgreSQL gives the role that is asked for.
    if (role !== APP_ROLE && !this.#saysPrepare) {
      throw new StartError(
        'DATABASE_URL leads to a pooler: let it end with ?prepare=false, or with ?prepare=true for PgBouncer 1.21 or ' +
          'newer with max_prepared_statements',
      )
    }
  }

  /** What needs no organisation: only functions of the owner answer here, tables stay empty. */
  get anonymous(): postgres.Sql {
    return this.#pool.sql
  }

  /** Runs `work` in one transaction as an organisation. Whatever throws rolls it back. */
  transaction<T>(orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#run(orgId, WRITING, work)
  }

  /** Runs `read` on one unchanging picture of an organisation (REPEATABLE READ, read only). */
  snapshot<T>(orgId: string, read: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#run(orgId, READING, ({ sql }) => read(sql))
  }

  async end(): Promise<void> {
    this.#isEnding = true
    await this.#pool.sql.end({ timeout: 5 })
  }

  /** A connection of the pool, once one is free or opened. */
  async #reserve(): Promise<ReservedConnection> {
    for (;;) {
      const pool = this.#pool
      const reserving = pool.sql.reserve()
      const reserved = await Promise.race([reserving, pool.givenUp]).catch((error: unknown) => {
        this.#giveUp(pool)
        throw error
      })
      if (reserved) return new ReservedConnection(reserved, () => this.#giveUp(pool))
      reserving.then(
        (late) => late.release(),
        () => undefined, // nobody waits for it any more
      )
    }
  }

  /**
   * One of a pool's connections broke, or could not be opened: what comes now, and what still waits for a connection, gets
   * a new pool; what runs ends in the old one. postgres.js (3.4.9) hands a later connection to a `reserve` that it has
   * rejected, and nobody gives it back: a pool that goes on has none left after some such failures.
   */
  #giveUp(pool: Pool): void {
    if (this.#pool !== pool || this.#isEnding) return
    this.#pool = this.#open()
    pool.giveUp()
    void pool.sql.end({ timeout: GIVE_UP_TIMEOUT_S }).catch(() => undefined)
  }

  async #run<T>(orgId: string, { begin, plans }: Manner, work: (tx: Tx) => Promise<T>): Promise<T> {
    const connection = await this.#reserve()
    const { sql, lost } = connection
    const sent: Promise<unknown>[] = []
    const write: Tx['write'] = (statement) => {
      const promise = statement.execute() as Promise<unknown>
      promise.catch(() => undefined) // reported by the await below, in order
      sent.push(promise)
    }
    try {
      write(connection.begin(begin))
      // The role as well: a pooler between here and PostgreSQL drops what the connection was opened with.
      write(sql`select set_config('role', ${APP_ROLE}, true), set_config('app.org_id', ${orgId}, true),
        set_config('plan_cache_mode', ${plans}, true)`)
      const result = await Promise.race([work({ sql, write }), lost])
      write(sql.unsafe('commit'))
      await Promise.race([Promise.all(sent), lost])
      return result
    } catch (error) {
      await Promise.race([rollBack(sql, sent), lost]).catch(() => undefined)
      throw error
    } finally {
      connection.release()
    }
  }
}

function openPool(url: string, max: number): Pool {
  surviveOrphanedErrors()
  const { promise: givenUp, resolve } = Promise.withResolvers<undefined>()
  const sql = postgres(url, {
    max,
    ...({ socket: coalescingSockets() } as object), // an option that its types do not know
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => undefined,
    connection: { application_name: 'stockhand', role: APP_ROLE } as Record<string, string>,
    // Sums and versions stay below 2^53; exact integers of thousandths are worth more than bigint's ceremony.
    types: { int8: numberType(INT8), numeric: numberType(NUMERIC), date: textType(DATE) },
  })
  return { sql, givenUp, giveUp: () => resolve(undefined) }
}

async function rollBack(sql: Sql, sent: Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(sent)
  await sql.unsafe('rollback')
}

/** A day is a day, in no time zone. */
function textType(oid: number) {
  return { to: oid, from: [oid], serialize: String, parse: String }
}

function numberType(oid: number) {
  return { to: oid, from: [oid], serialize: String, parse: Number }
}
