// The database connections, and the two ways to use them: a transaction of one organisation, and a snapshot of one. Row-level
// security applies in both. Statements that are issued without awaiting are sent together, so a transaction takes two round
// trips.
import postgres from 'postgres'
import { StartError } from '../process/start-error.ts'
import { surviveOrphanedErrors } from './postgres-js-workarounds/orphaned-errors.ts'
import { ReplaceablePool } from './postgres-js-workarounds/replaceable-pool.ts'
import { APP_ROLE } from './schema/app-role.ts'

export type Sql = postgres.ReservedSql

/** Enough for the commits and reads of one process. PostgreSQL's own limit is 100 by default. */
export const POOL_MAX = 12
const CONNECT_TIMEOUT_S = 5
const INT8 = 20
const NUMERIC = 1700
const DATE = 1082

/** A running transaction. */
export interface Tx {
  sql: Sql
  /** Sends a statement without waiting for its result. If it fails, the transaction fails at its commit. */
  write(statement: postgres.PendingQuery<postgres.Row[]>): void
}

interface TransactionMode {
  begin: string
  plans: 'auto' | 'force_generic_plan'
}

/** Statements of commits look up rows by key. Planning some of them for each set of keys takes longer than running them. */
const WRITE: TransactionMode = { begin: 'begin', plans: 'force_generic_plan' }
const READ: TransactionMode = { begin: 'begin isolation level repeatable read read only', plans: 'auto' }

export class Database {
  readonly #pool: ReplaceablePool
  readonly #declaresPrepare: boolean

  /** Does not open a connection. `ready` does. */
  constructor(url: string, { poolMax = POOL_MAX }: { poolMax?: number } = {}) {
    this.#pool = new ReplaceablePool(() => openPool(url, poolMax))
    this.#declaresPrepare = new URL(url).searchParams.has('prepare')
  }

  /** Throws unless the database answers. */
  async ready(): Promise<void> {
    await this.anonymous`select 1`
  }

  /**
   * @throws {StartError} if row-level security does not apply to this login, or if there is a pooler and the URL does not say
   * whether it supports prepared statements. With one that does not, this server would wait forever.
   */
  async checkConnection(): Promise<void> {
    const [{ role, unbound } = { role: '', unbound: true }] = await this.anonymous<
      { role: string; unbound: boolean }[]
    >`
      select current_user as role, rolsuper or rolbypassrls or coalesce(pg_has_role(
        (select relowner from pg_class where oid = to_regclass('organisations')), 'usage'), false) as unbound
      from pg_roles where rolname = current_user`
    if (unbound) {
      throw new StartError(
        `DATABASE_URL signs in as ${role}, a login that row-level security does not restrict: behind a pooler it must use a ` +
          'login that does not own anything, and DATABASE_OWNER_URL must lead to PostgreSQL directly, as the owner',
      )
    }
    // PostgreSQL itself sets the requested role. A pooler ignores it.
    if (role !== APP_ROLE && !this.#declaresPrepare) {
      throw new StartError(
        'DATABASE_URL leads to a pooler: add ?prepare=false at its end, or ?prepare=true for PgBouncer 1.21 or newer with ' +
          'max_prepared_statements',
      )
    }
  }

  /** For statements without an organisation. They can only use functions of the owner, because tables appear empty. */
  get anonymous(): postgres.Sql {
    return this.#pool.sql
  }

  /** Runs `work` in one transaction of an organisation. Any error rolls it back. */
  transaction<T>(orgId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#run(orgId, WRITE, work)
  }

  /** Runs `read` on one snapshot of an organisation (REPEATABLE READ, read only). */
  snapshot<T>(orgId: string, read: (sql: Sql) => Promise<T>): Promise<T> {
    return this.#run(orgId, READ, ({ sql }) => read(sql))
  }

  async end(): Promise<void> {
    await this.#pool.end()
  }

  async #run<T>(orgId: string, { begin, plans }: TransactionMode, work: (tx: Tx) => Promise<T>): Promise<T> {
    const connection = await this.#pool.reserve()
    const { sql, lost } = connection
    const sent: Promise<unknown>[] = []
    const write: Tx['write'] = (statement) => {
      const promise = statement.execute() as Promise<unknown>
      promise.catch(() => undefined) // reported by the await below, in order
      sent.push(promise)
    }
    try {
      write(connection.begin(begin))
      // Includes the role, because a pooler ignores the options with which a connection is opened.
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

function openPool(url: string, max: number): postgres.Sql {
  surviveOrphanedErrors()
  return postgres(url, {
    max,
    connect_timeout: CONNECT_TIMEOUT_S,
    onnotice: () => undefined,
    connection: { application_name: 'stockhand', role: APP_ROLE } as Record<string, string>,
    // Sums and versions are below 2^53, so numbers are exact and simpler than bigint.
    types: { int8: numberType(INT8), numeric: numberType(NUMERIC), date: textType(DATE) },
  })
}

async function rollBack(sql: Sql, sent: Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(sent)
  await sql.unsafe('rollback')
}

/** A date stays a text, because it does not have a time zone. */
function textType(oid: number) {
  return { to: oid, from: [oid], serialize: String, parse: String }
}

function numberType(oid: number) {
  return { to: oid, from: [oid], serialize: String, parse: Number }
}
