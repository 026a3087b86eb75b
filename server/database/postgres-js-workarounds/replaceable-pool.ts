// A pool that is replaced when one of its connections breaks or cannot be opened. Requests that are waiting for a connection
// then get one of the new pool, and running transactions end in the old one. postgres.js (3.4.9) gives a connection that it
// opens later to a `reserve` that it has already rejected, and nobody releases it. After some such failures a pool that is
// kept has no connection left.
import type postgres from 'postgres'
import { ReservedConnection } from './reserved-connection.ts'

/** Longer than a transaction that does not wait for a lock. */
const OLD_POOL_TIMEOUT_S = 10
const END_TIMEOUT_S = 5

interface Pool {
  sql: postgres.Sql
  /** Resolves once the pool is replaced. */
  replaced: Promise<undefined>
  markReplaced(): void
}

export class ReplaceablePool {
  readonly #open: () => postgres.Sql
  #pool: Pool
  #isEnding = false

  /** `open` creates a pool, which must not connect before it is used. */
  constructor(open: () => postgres.Sql) {
    this.#open = open
    this.#pool = this.#openPool()
  }

  /** The current pool, for single statements. */
  get sql(): postgres.Sql {
    return this.#pool.sql
  }

  /** Waits until a connection is free or opened. */
  async reserve(): Promise<ReservedConnection> {
    for (;;) {
      const pool = this.#pool
      const reserving = pool.sql.reserve()
      const reserved = await Promise.race([reserving, pool.replaced]).catch((error: unknown) => {
        this.#replace(pool)
        throw error
      })
      if (reserved) return new ReservedConnection(reserved, () => this.#replace(pool))
      reserving.then(
        (late) => late.release(),
        () => undefined, // nobody uses this connection any longer
      )
    }
  }

  async end(): Promise<void> {
    this.#isEnding = true
    await this.#pool.sql.end({ timeout: END_TIMEOUT_S })
  }

  #replace(pool: Pool): void {
    if (this.#pool !== pool || this.#isEnding) return
    this.#pool = this.#openPool()
    pool.markReplaced()
    void pool.sql.end({ timeout: OLD_POOL_TIMEOUT_S }).catch(() => undefined)
  }

  #openPool(): Pool {
    const { promise: replaced, resolve } = Promise.withResolvers<undefined>()
    return { sql: this.#open(), replaced, markReplaced: () => resolve(undefined) }
  }
}
