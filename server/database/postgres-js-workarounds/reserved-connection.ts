// A connection that is reserved for one transaction and may break at any moment: PostgreSQL restarts, fails over, or closes
// it. Guarantees: everything that waits for a broken connection fails at once, and nothing more is sent on it. postgres.js
// (3.4.9) does neither for reserved connections: a statement on a closed connection throws in a later turn of the event loop,
// where no catch reaches it, and a statement that is queued behind others is never answered.
import type postgres from 'postgres'

/** The argument of `onexecute`, an option that postgres.js uses for its own `begin`. */
interface Connection {
  onclose: ((error: Error) => void) | null
}

export class ReservedConnection {
  /** Statements throw if the connection is lost. */
  readonly sql: postgres.ReservedSql
  /** Rejects when the connection is lost. */
  readonly lost: Promise<never>
  readonly #reserved: postgres.ReservedSql
  #connection: Connection | undefined
  #loss: Error | undefined
  #lose!: (error: Error) => void

  /** `onLost` is called when the connection is lost. */
  constructor(reserved: postgres.ReservedSql, onLost: () => void) {
    this.#reserved = reserved
    this.lost = new Promise((_, reject) => {
      this.#lose = (error) => {
        this.#loss = error
        reject(error)
        onLost()
      }
    })
    this.lost.catch(() => undefined) // a loss is no unhandled rejection if nobody is waiting
    this.sql = new Proxy(reserved, {
      apply: (target, self, statement) => {
        this.#check()
        return Reflect.apply(target, self, statement) as unknown
      },
      get: (target, name, self) => {
        if (name === 'unsafe') this.#check()
        return Reflect.get(target, name, self) as unknown
      },
    })
  }

  /** Runs the first statement. From here on a loss is noticed. */
  begin(statement: string): postgres.PendingQuery<postgres.Row[]> {
    const onexecute = (connection: Connection) => {
      this.#connection = connection
      connection.onclose = this.#lose
      return true
    }
    return this.#reserved.unsafe(statement, [], { onexecute } as postgres.UnsafeQueryOptions)
  }

  get isLost(): boolean {
    return this.#loss !== undefined
  }

  /** Returns the connection to the pool. postgres.js does that itself for a lost one. */
  release(): void {
    if (this.isLost) return
    if (this.#connection) this.#connection.onclose = null
    this.#reserved.release()
  }

  #check(): void {
    if (this.#loss) throw this.#loss
  }
}
