// The mirror on disk: chunks of about a thousand rows, and a log of small pulls beside them. Keeps D3.
import type { Kind, Row, WireTable, WireTables } from '#shared/rows/rows.ts'
import { encodeTable, KINDS } from '#shared/rows/rows.ts'
import type { DeviceDatabase } from './database.ts'
import type { Chunk, LogRecord } from '../records.ts'
import type { PlannedRow, RowChange } from '../state/confirmed-rows.ts'
import { isDeleted, ConfirmedRows } from '../state/confirmed-rows.ts'

const CHUNK_ROWS = 1_000
/** A pull of fewer rows is appended to the log; a larger one rewrites the chunks that it touches. */
const LOG_PULL_MAX = 200
/** Above this many rows the log is folded into the chunks: opening reads it row by row. */
const LOG_ROWS_MAX = 2_000

export interface StoredRows {
  chunks: readonly Chunk[]
  log: readonly LogRecord[]
}

/** Something about to be kept: the disk first, in the caller's transaction; then what this store knows of the disk. */
export interface PreparedWrite {
  write(): Promise<void>
  done(): void
}

export class ConfirmedRowsStore {
  readonly #database: DeviceDatabase
  readonly #confirmed: ConfirmedRows
  /** Which chunk a row lies in; made when it is first asked for, because opening the app must not wait for it. */
  #chunkOf: Map<Kind, Map<string, number>> | undefined
  /** Which rows lie in a chunk. */
  readonly #keysIn = new Map<Kind, string[][]>(KINDS.map((kind) => [kind, []]))
  #logRows = 0
  #isStale = false
  /** A chunk is found to be no chunk: its rows must be fetched anew. */
  readonly #damaged: () => void
  /** Rows that only the log holds. */
  #logged: RowChange[] = []

  constructor(
    database: DeviceDatabase,
    { mirror: confirmed, damaged }: { mirror: ConfirmedRows; damaged: () => void },
  ) {
    this.#database = database
    this.#confirmed = confirmed
    this.#damaged = damaged
  }

  /** Takes what was read from the disk as what is kept, and as what the mirror shows: parsed when it is asked for. */
  fill({ chunks, log }: StoredRows): void {
    this.#forget()
    const confirmed = new ConfirmedRows()
    for (const { kind, no, text } of chunks) confirmed.deferParse(kind, () => this.#readChunk({ kind, no, text }))
    for (const { tables, count } of log) {
      this.#logRows += count
      for (const kind of KINDS) {
        const table = tables[kind]
        if (table) confirmed.deferParse(kind, () => void this.#logged.push(...this.#confirmed.apply({ [kind]: table })))
      }
    }
    this.#confirmed.replaceWith(confirmed)
  }

  #readChunk({ kind, no, text }: Chunk): void {
    const kept = this.#keysIn.get(kind)!
    while (kept.length < no) kept.push([])
    const table = parsed(text)
    kept[no] = table ? this.#confirmed.fill(kind, table) : []
    if (!table) this.#damaged()
  }

  /** Another tab has written rows: where they lie, only the disk knows. */
  markStale(): void {
    this.#isStale = true
  }

  /** True where the disk must be read again before anything is written. */
  get isStale(): boolean {
    return this.#isStale
  }

  /** Prepares to keep rows that the mirror is about to take. */
  prepare(tables: WireTables, planned: readonly PlannedRow[]): PreparedWrite {
    return this.fitsLog(planned.length) ? this.#appendToLog(tables, planned) : this.foldLog(planned)
  }

  /** True if a pull of so many rows is appended to the log; false if the log is folded into the chunks with it. */
  fitsLog(count: number): boolean {
    return count <= LOG_PULL_MAX && this.#logRows + count <= LOG_ROWS_MAX
  }

  #appendToLog(tables: WireTables, planned: readonly PlannedRow[]): PreparedWrite {
    const { log } = this.#database
    const count = planned.length
    return {
      write: async () => void (count > 0 && (await log.add({ tables, count }))),
      done: () => {
        this.#logRows += count
        for (const { kind, key } of planned) this.#logged.push({ kind, key })
      },
    }
  }

  /** Prepares to write the rows of the log and the planned ones into their chunks, and to empty the log. */
  foldLog(planned: readonly PlannedRow[]): PreparedWrite {
    const { chunks: table, log } = this.#database
    this.#confirmed.parseAll() // where each row lies is known once all are read
    const chunks = this.#touch([...this.#logged, ...planned], planned)
    const places = this.#chunkOf
    return {
      write: async () => void (await Promise.all([table.bulkPut(chunks), log.clear()])),
      done: () => {
        // Read from the disk meanwhile, as it was before: where these rows lie, only the disk knows.
        if (this.#chunkOf !== places) return void (this.#isStale = true)
        this.#logRows = 0
        this.#logged = []
      },
    }
  }

  /** Prepares to keep a whole mirror in place of what is there. */
  prepareWhole(whole: ConfirmedRows): PreparedWrite {
    const { chunks: table, log } = this.#database
    const keysIn = new Map(KINDS.map((kind) => [kind, slices([...whole.rows(kind).keys()])]))
    const chunks = [...keysIn].flatMap(([kind, slices]) =>
      slices.map((keys, no) => chunkOf(kind, { no, rows: keys.map((key) => whole.row(kind, key)!) })),
    )
    return {
      write: async () => {
        await Promise.all([table.clear(), log.clear()])
        await table.bulkPut(chunks)
      },
      done: () => {
        this.#forget()
        for (const [kind, keys] of keysIn) this.#keysIn.set(kind, keys)
        this.#confirmed.replaceWith(whole)
      },
    }
  }

  #forget(): void {
    this.#chunkOf = undefined
    for (const kind of KINDS) this.#keysIn.set(kind, [])
    this.#logRows = 0
    this.#logged = []
    this.#isStale = false
  }

  /**
   * The chunks that hold the changed rows, as they will be. A row that finds its place here and is not kept in the end
   * (the disk refuses) leaves its place empty, which harms nothing.
   */
  #touch(changes: readonly RowChange[], planned: readonly PlannedRow[]): Chunk[] {
    const chunkOf = (this.#chunkOf ??= chunksByKey(this.#keysIn))
    const coming = byKey(planned)
    const touched = new Map<Kind, Set<number>>(KINDS.map((kind) => [kind, new Set()]))
    for (const { kind, key } of changes) {
      const known = chunkOf.get(kind)!
      const no = known.get(key) ?? this.#place(kind, key)
      known.set(key, no)
      touched.get(kind)!.add(no)
    }
    return [...touched].flatMap(([kind, numbers]) => [...numbers].map((no) => this.#chunk(kind, no, coming.get(kind))))
  }

  #chunk(kind: Kind, no: number, coming: ReadonlyMap<string, Row<Kind>> | undefined): Chunk {
    const rows: Row<Kind>[] = []
    for (const key of this.#keysIn.get(kind)![no]!) {
      const row = coming?.get(key) ?? this.#confirmed.row(kind, key)
      if (row && !isDeleted(row)) rows.push(row)
    }
    return chunkOf(kind, { no, rows })
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

function parsed(text: string): WireTable | undefined {
  try {
    return JSON.parse(text) as WireTable
  } catch {
    return undefined
  }
}

function chunksByKey(keysIn: ReadonlyMap<Kind, string[][]>): Map<Kind, Map<string, number>> {
  const pairs = (chunks: string[][]) => chunks.flatMap((keys, no) => keys.map((key): [string, number] => [key, no]))
  return new Map([...keysIn].map(([kind, chunks]) => [kind, new Map(pairs(chunks))]))
}

function chunkOf(kind: Kind, { no, rows }: { no: number; rows: readonly Row<Kind>[] }): Chunk {
  return { kind, no, text: JSON.stringify(encodeTable(kind, rows as never)) }
}

/** The rows to come; of two states of one the greater version. */
function byKey(planned: readonly PlannedRow[]): Map<Kind, Map<string, Row<Kind>>> {
  const coming = new Map<Kind, Map<string, Row<Kind>>>()
  for (const { kind, key, row } of planned) {
    let rows = coming.get(kind)
    if (!rows) coming.set(kind, (rows = new Map()))
    const known = rows.get(key)
    if (!known || known.version <= row.version) rows.set(key, row)
  }
  return coming
}

function slices(keys: string[]): string[][] {
  const all: string[][] = []
  for (let from = 0; from < keys.length; from += CHUNK_ROWS) all.push(keys.slice(from, from + CHUNK_ROWS))
  return all
}
