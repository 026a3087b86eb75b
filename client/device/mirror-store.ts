// The mirror on disk: chunks of about a thousand rows, and a log of small pulls beside them. Keeps D3.
import type { Kind, Row, WireTables } from '#shared/rows/rows.ts'
import { encodeTable, KINDS } from '#shared/rows/rows.ts'
import type { Chunk, DeviceDatabase } from './database.ts'
import type { Mirror, RowChange } from './mirror.ts'

const CHUNK_ROWS = 1_000
/** A pull of fewer rows is appended to the log; a larger one rewrites the chunks that it touches. */
const LOG_PULL_MAX = 200
/** Above this many rows the log is folded into the chunks: opening reads it row by row. */
const LOG_ROWS_MAX = 2_000

export class MirrorStore {
  readonly #database: DeviceDatabase
  readonly #mirror: Mirror
  /** Which chunk a row lies in; made when it is first asked for, because opening the app must not wait for it. */
  #chunkOf: Map<Kind, Map<string, number>> | undefined
  /** Which rows lie in a chunk. */
  readonly #keysIn = new Map<Kind, string[][]>(KINDS.map((kind) => [kind, []]))
  #logRows = 0
  /** Rows that only the log holds. */
  #logged: RowChange[] = []

  constructor(database: DeviceDatabase, mirror: Mirror) {
    this.#database = database
    this.#mirror = mirror
  }

  /** Reads all that is kept into the mirror, which is empty. */
  async load(): Promise<void> {
    const [chunks, log] = await Promise.all([this.#database.chunks.toArray(), this.#database.log.toArray()])
    this.#forget()
    for (const { kind, no, text } of chunks) {
      const table = JSON.parse(text) as NonNullable<WireTables[Kind]>
      const keys = this.#mirror.apply({ [kind]: table }).map(({ key }) => key)
      const kept = this.#keysIn.get(kind)!
      while (kept.length < no) kept.push([])
      kept[no] = keys
    }
    for (const { tables, count } of log) {
      this.#logged.push(...this.#mirror.apply(tables))
      this.#logRows += count
    }
  }

  /** Keeps rows that the mirror has taken already. To be called inside the transaction that keeps the cursor as well. */
  async keep(tables: WireTables, changes: readonly RowChange[]): Promise<void> {
    if (changes.length <= LOG_PULL_MAX && this.#logRows + changes.length <= LOG_ROWS_MAX) {
      if (changes.length === 0) return
      await this.#database.log.add({ tables, count: changes.length })
      this.#logRows += changes.length
      this.#logged.push(...changes)
      return
    }
    const chunks = this.#touch([...this.#logged, ...changes])
    await Promise.all([this.#database.chunks.bulkPut(chunks), this.#database.log.clear()])
    this.#logRows = 0
    this.#logged = []
  }

  /** Forgets everything kept, inside the caller's transaction. */
  async clear(): Promise<void> {
    await Promise.all([this.#database.chunks.clear(), this.#database.log.clear()])
    this.#forget()
  }

  #forget(): void {
    this.#chunkOf = undefined
    for (const kind of KINDS) this.#keysIn.set(kind, [])
    this.#logRows = 0
    this.#logged = []
  }

  /** The chunks that hold the changed rows, as they are now. */
  #touch(changes: readonly RowChange[]): Chunk[] {
    const chunkOf = (this.#chunkOf ??= chunksByKey(this.#keysIn))
    const touched = new Map<Kind, Set<number>>(KINDS.map((kind) => [kind, new Set()]))
    for (const { kind, key } of changes) {
      const known = chunkOf.get(kind)!
      const no = known.get(key) ?? this.#place(kind, key)
      known.set(key, no)
      touched.get(kind)!.add(no)
    }
    return [...touched].flatMap(([kind, numbers]) => [...numbers].map((no) => this.#chunk(kind, no)))
  }

  #chunk<K extends Kind>(kind: K, no: number): Chunk {
    const rows = this.#keysIn.get(kind)![no]!.flatMap((key) => this.#mirror.row(kind, key) ?? [])
    return { kind, no, text: JSON.stringify(encodeTable(kind, rows as Row<K>[])) }
  }

  /** Gives a new row a chunk: the last, while that has room. */
  #place(kind: Kind, key: string): number {
    const chunks = this.#keysIn.get(kind)!
    const last = chunks.at(-1)
    if (last && last.length < CHUNK_ROWS) last.push(key)
    else chunks.push([key])
    return chunks.length - 1
  }
}

function chunksByKey(keysIn: ReadonlyMap<Kind, string[][]>): Map<Kind, Map<string, number>> {
  const pairs = (chunks: string[][]) => chunks.flatMap((keys, no) => keys.map((key): [string, number] => [key, no]))
  return new Map([...keysIn].map(([kind, chunks]) => [kind, new Map(pairs(chunks))]))
}
