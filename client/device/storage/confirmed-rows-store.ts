// The confirmed rows on disk: chunks of about a thousand rows, and a log of small pulls. Keeps D3.
import type { Kind, Row, WireTable, WireTables } from '#shared/rows/rows.ts'
import { encodeTable, KINDS } from '#shared/rows/rows.ts'
import type { DeviceDatabase } from './database.ts'
import type { Chunk, LogRecord } from '../records.ts'
import type { PlannedRow, RowChange } from '../state/confirmed-rows.ts'
import { isDeleted, ConfirmedRows } from '../state/confirmed-rows.ts'

const CHUNK_ROWS = 1_000
/** A pull of fewer rows is appended to the log; a larger one rewrites the chunks that it touches. */
const LOG_PULL_MAX = 200
/** Above this many rows the log is folded into the chunks, because opening reads it row by row. */
const LOG_ROWS_MAX = 2_000

export interface StoredRows {
  chunks: readonly Chunk[]
  log: readonly LogRecord[]
}

/** A prepared write. `write` runs in the caller's transaction; `done` updates this store after the commit. */
export interface PreparedWrite {
  write(): Promise<void>
  done(): void
}

export class ConfirmedRowsStore {
  readonly #database: DeviceDatabase
  readonly #confirmed: ConfirmedRows
  /** The chunk of each row. Built when first needed, so that it does not delay opening the app. */
  #chunkOf: Map<Kind, Map<string, number>> | undefined
  /** The keys of the rows in each chunk. */
  readonly #keysIn = new Map<Kind, string[][]>(KINDS.map((kind) => [kind, []]))
  #logRows = 0
  #isStale = false
  /** Called when a chunk cannot be parsed; its rows must be loaded again. */
  readonly #onDamage: () => void
  /** Rows that are only in the log. */
  #logged: RowChange[] = []

  constructor(database: DeviceDatabase, { confirmed, onDamage }: { confirmed: ConfirmedRows; onDamage: () => void }) {
    this.#database = database
    this.#confirmed = confirmed
    this.#onDamage = onDamage
  }

  /** Uses the rows read from disk as the stored rows and as the confirmed rows. They are parsed when first needed. */
  fill({ chunks, log }: StoredRows): void {
    this.#reset()
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
    const chunks = this.#keysIn.get(kind)!
    while (chunks.length < no) chunks.push([])
    const table = parse(text)
    chunks[no] = table ? this.#confirmed.fill(kind, table) : []
    if (!table) this.#onDamage()
  }

  /** Another tab has written rows, so this tab no longer knows in which chunks they are. */
  markStale(): void {
    this.#isStale = true
  }

  /** Returns true if the disk must be read again before the next write. */
  get isStale(): boolean {
    return this.#isStale
  }

  /** Prepares to store rows that the confirmed rows are about to apply. */
  prepare(tables: WireTables, planned: readonly PlannedRow[]): PreparedWrite {
    return this.fitsLog(planned.length) ? this.#appendToLog(tables, planned) : this.foldLog(planned)
  }

  /**
   * Returns true if a pull of this many rows is appended to the log; false if the log is folded into the chunks with
   * it.
   */
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

  /** Prepares to write the rows of the log and the planned rows into their chunks, and to empty the log. */
  foldLog(planned: readonly PlannedRow[]): PreparedWrite {
    const { chunks: table, log } = this.#database
    this.#confirmed.parseAll() // the chunk of each row is known once all are parsed
    const chunks = this.#touchedChunks([...this.#logged, ...planned], planned)
    const chunkOfBefore = this.#chunkOf
    return {
      write: async () => void (await Promise.all([table.bulkPut(chunks), log.clear()])),
      done: () => {
        // The disk was read again in the meantime, in its state before this write, so the chunks of these rows are
        // unknown.
        if (this.#chunkOf !== chunkOfBefore) return void (this.#isStale = true)
        this.#logRows = 0
        this.#logged = []
      },
    }
  }

  /** Prepares to replace everything stored with these rows. */
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
        this.#reset()
        for (const [kind, keys] of keysIn) this.#keysIn.set(kind, keys)
        this.#confirmed.replaceWith(whole)
      },
    }
  }

  #reset(): void {
    this.#chunkOf = undefined
    for (const kind of KINDS) this.#keysIn.set(kind, [])
    this.#logRows = 0
    this.#logged = []
    this.#isStale = false
  }

  /**
   * Returns the new state of the chunks that contain the changed rows. If the write of a new row fails, its place in
   * the chunk stays empty, which is harmless.
   */
  #touchedChunks(changes: readonly RowChange[], planned: readonly PlannedRow[]): Chunk[] {
    const chunkOf = (this.#chunkOf ??= chunksByKey(this.#keysIn))
    const newRows = byKey(planned)
    const touched = new Map<Kind, Set<number>>(KINDS.map((kind) => [kind, new Set()]))
    for (const { kind, key } of changes) {
      const known = chunkOf.get(kind)!
      const no = known.get(key) ?? this.#assignChunk(kind, key)
      known.set(key, no)
      touched.get(kind)!.add(no)
    }
    return [...touched].flatMap(([kind, numbers]) => [...numbers].map((no) => this.#chunk(kind, no, newRows.get(kind))))
  }

  #chunk(kind: Kind, no: number, newRows: ReadonlyMap<string, Row<Kind>> | undefined): Chunk {
    const rows: Row<Kind>[] = []
    for (const key of this.#keysIn.get(kind)![no]!) {
      const row = newRows?.get(key) ?? this.#confirmed.row(kind, key)
      if (row && !isDeleted(row)) rows.push(row)
    }
    return chunkOf(kind, { no, rows })
  }

  /** Assigns a new row to a chunk: the last one, if it has room. */
  #assignChunk(kind: Kind, key: string): number {
    const chunks = this.#keysIn.get(kind)!
    const last = chunks.at(-1)
    if (last && last.length < CHUNK_ROWS) last.push(key)
    else chunks.push([key])
    return chunks.length - 1
  }
}

function parse(text: string): WireTable | undefined {
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
  return { kind, no, text: JSON.stringify(encodeTable(kind, rows)) }
}

/** The planned rows by key. If a row occurs twice, the greater version wins. */
function byKey(planned: readonly PlannedRow[]): Map<Kind, Map<string, Row<Kind>>> {
  const byKind = new Map<Kind, Map<string, Row<Kind>>>()
  for (const { kind, key, row } of planned) {
    let rows = byKind.get(kind)
    if (!rows) byKind.set(kind, (rows = new Map()))
    const known = rows.get(key)
    if (!known || known.version <= row.version) rows.set(key, row)
  }
  return byKind
}

function slices(keys: string[]): string[][] {
  const all: string[][] = []
  for (let from = 0; from < keys.length; from += CHUNK_ROWS) all.push(keys.slice(from, from + CHUNK_ROWS))
  return all
}
