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
  /** Which chunk a row lies in, and which rows lie in a chunk. */
  readonly #chunkOf = new Map<Kind, Map<string, number>>(KINDS.map((kind) => [kind, new Map()]))
  readonly #keysIn = new Map<Kind, string[][]>(KINDS.map((kind) => [kind, []]))
  #logRows = 0
  /** Rows that only the log holds. */
  #logged: RowChange[] = []

  constructor(database: DeviceDatabase, mirror: Mirror) {
    this.#database = database
    this.#mirror = mirror
  }

  /** Reads all that is kept into the mirror. */
  async load(): Promise<void> {
    const [chunks, log] = await Promise.all([this.#database.chunks.toArray(), this.#database.log.toArray()])
    for (const { kind, no, text } of chunks) {
      const table = JSON.parse(text) as NonNullable<WireTables[Kind]>
      this.#place(this.#mirror.apply({ [kind]: table }), no)
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
    for (const kind of KINDS) {
      this.#chunkOf.get(kind)!.clear()
      this.#keysIn.set(kind, [])
    }
    this.#logRows = 0
    this.#logged = []
  }

  /** The chunks that hold the changed rows, as they are now. */
  #touch(changes: readonly RowChange[]): Chunk[] {
    this.#place(changes)
    const touched = new Map<Kind, Set<number>>()
    for (const { kind, key } of changes) {
      if (!touched.has(kind)) touched.set(kind, new Set())
      touched.get(kind)!.add(this.#chunkOf.get(kind)!.get(key)!)
    }
    return [...touched].flatMap(([kind, numbers]) => [...numbers].map((no) => this.#chunk(kind, no)))
  }

  #chunk<K extends Kind>(kind: K, no: number): Chunk {
    const rows = this.#keysIn.get(kind)![no]!.flatMap((key) => this.#mirror.row(kind, key) ?? [])
    return { kind, no, text: JSON.stringify(encodeTable(kind, rows as Row<K>[])) }
  }

  /** Gives new rows a chunk: the one they came from, or the last that has room. */
  #place(changes: readonly RowChange[], from?: number): void {
    for (const { kind, key } of changes) {
      const chunkOf = this.#chunkOf.get(kind)!
      if (chunkOf.has(key)) continue
      const chunks = this.#keysIn.get(kind)!
      const last = Math.max(0, chunks.length - 1)
      const no = from ?? ((chunks[last]?.length ?? 0) < CHUNK_ROWS ? last : chunks.length)
      while (chunks.length <= no) chunks.push([])
      chunks[no]!.push(key)
      chunkOf.set(key, no)
    }
  }
}
