// A connection reserved for one transaction, which may break at any moment: PostgreSQL restarts, fails over, or is told
// to end it. Guarantees: whatever waits on a broken connection is told so at once, and nothing more is sent on it.
// postgres.js (3.4.9) leaves both to whoever reserves: a statement on a closed connection throws in a later turn of the
// event loop, past every catch, and one that queued behind others is never answered. Nor does it always find its way back
// to a connection that broke while something was to be written: such a pool is given up.
import type postgres from 'postgres'

/** What postgres.js hands to `onexecute`, as its own `begin` uses it. */
interface Line {
  onclose: ((error: Error) => void) | null
}

export class ReservedConnection {
  /** Throws where the connection is lost. */
  readonly sql: postgres.ReservedSql
  /** Rejects when the connection is lost. */
  readonly lost: Promise<never>
  readonly #reserved: postgres.ReservedSql
  #line: Line | undefined
  #loss: Error | undefined
  #lose!: (error: Error) => void

  /** `lose` is told of the loss. */
  constructor(reserved: postgres.ReservedSql, lose: () => void) {
    this.#reserved = reserved
    this.lost = new Promise((_, reject) => {
      this.#lose = (error) => {
        this.#loss = error
        reject(error)
        lose()
      }
    })
    this.lost.catch(() => undefined) // whoever waits hears of it
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

  /** The first statement; from here on a loss is noticed. */
  begin(statement: string): postgres.PendingQuery<postgres.Row[]> {
    const onexecute = (line: Line) => {
      this.#line = line
      line.onclose = this.#lose
      return true
    }
    return this.#reserved.unsafe(statement, [], { onexecute } as postgres.UnsafeQueryOptions)
  }

  get isLost(): boolean {
    return this.#loss !== undefined
  }

  /** Gives the connection back to the pool; one that is lost is there already, to be opened anew. */
  release(): void {
    if (this.isLost) return
    if (this.#line) this.#line.onclose = null
    this.#reserved.release()
  }

  #check(): void {
    if (this.#loss) throw this.#loss
  }
}
