// A backup's text: a line of JSON for the whole, one for each table and then its rows as PostgreSQL's COPY writes them up
// to a line "\.", and a line of JSON at the end that says what should have been there. A file that was cut off or changed
// is noticed before anything of it counts. Any zstd (and age, where it is encrypted) opens it without Stockhand.
import { createHash } from 'node:crypto'
import { z } from 'zod'

const FORMAT = 1
/** A line of JSON in a backup is a list of columns at most: a longer one is no backup. */
const LINE_MAX_BYTES = 16 * 1024 * 1024
const END_OF_ROWS = Buffer.from('\\.\n')
const NEWLINE = 0x0a

const headerSchema = z.object({
  stockhand: z.literal('backup'),
  format: z.int(),
  madeAt: z.iso.datetime(),
  /** Of the program that made it. */
  version: z.string(),
  /** What the tables look like: every migration that had been applied, in order. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
})
const tableSchema = z.object({ table: z.string(), columns: z.array(z.string()) })
const endSchema = z.object({
  end: z.literal(true),
  /** Of all that stands before. */
  sha256: z.string(),
  tables: z.record(z.string(), z.object({ rows: z.int(), sha256: z.string() })),
})

export type BackupHeader = z.infer<typeof headerSchema>
export type TableHeader = z.infer<typeof tableSchema>

/** What is read of a backup, in its order. The rows of a table must be read to their end before the next is asked for. */
export type BackupPart =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'table'; table: TableHeader; rows: AsyncGenerator<Buffer> }
  | { kind: 'end'; rowCount: number }

export class BackupDamaged extends Error {
  override readonly name = 'BackupDamaged'
}

/** Counts the rows of a table and digests them, on their way. */
class RowTally {
  rows = 0
  readonly #hash = createHash('sha256')

  add(chunk: Uint8Array): void {
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) this.rows += 1
    this.#hash.update(chunk)
  }

  digest(): string {
    return this.#hash.digest('hex')
  }
}

/** The text of a backup. `tables` gives each table's rows in COPY's text format. */
export async function* writeBackup(
  header: Omit<BackupHeader, 'stockhand' | 'format'>,
  tables: AsyncIterable<{ table: TableHeader; rows: AsyncIterable<Uint8Array> }>,
): AsyncGenerator<Uint8Array> {
  const whole = createHash('sha256')
  const said = (bytes: Uint8Array) => {
    whole.update(bytes)
    return bytes
  }
  yield said(line({ stockhand: 'backup', format: FORMAT, ...header }))
  const tallies: z.infer<typeof endSchema>['tables'] = {}
  for await (const { table, rows } of tables) {
    yield said(line(table))
    const tally = new RowTally()
    for await (const chunk of rows) {
      tally.add(chunk)
      yield said(chunk)
    }
    yield said(END_OF_ROWS)
    tallies[table.table] = { rows: tally.rows, sha256: tally.digest() }
  }
  yield line({ end: true, sha256: whole.digest('hex'), tables: tallies })
}

/** @throws {BackupDamaged} where it is none, was cut off, or was changed. The end alone says that it was whole. */
export async function* readBackup(text: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart> {
  const lines = new Lines(text)
  const header = parse(headerSchema, await lines.next(), 'this is no backup of Stockhand, or its beginning is damaged')
  if (header.format > FORMAT) throw new BackupDamaged('this backup was made by a newer version of Stockhand')
  yield { kind: 'header', header }
  const seen = new Map<string, { rows: number; sha256: string }>()
  let rowCount = 0
  for (;;) {
    const next = await lines.next()
    const end = endSchema.safeParse(next)
    if (end.success) {
      compare(seen, end.data.tables)
      if (end.data.sha256 !== lines.digestBeforeLine())
        throw new BackupDamaged('this backup is damaged: it is not as it was written')
      if (!(await lines.isAtEnd())) throw new BackupDamaged('this backup is damaged: something follows its end')
      yield { kind: 'end', rowCount }
      return
    }
    const table = parse(tableSchema, next, 'this backup is damaged: a table was expected')
    const tally = new RowTally()
    yield { kind: 'table', table, rows: lines.rows(tally) }
    seen.set(table.table, { rows: tally.rows, sha256: tally.digest() })
    rowCount += tally.rows
  }
}

function compare(seen: ReadonlyMap<string, unknown>, expected: Record<string, unknown>): void {
  for (const [table, tally] of Object.entries(expected)) {
    if (JSON.stringify(seen.get(table)) !== JSON.stringify(tally))
      throw new BackupDamaged(`this backup is damaged: ${table} is not as it was written`)
  }
  if (seen.size !== Object.keys(expected).length) throw new BackupDamaged('this backup is damaged: it has more tables')
}

function line(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

function parse<T>(schema: z.ZodType<T>, value: unknown, problem: string): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new BackupDamaged(problem)
  return parsed.data
}

/** Takes a text apart: a line of JSON, or rows up to their end. */
class Lines {
  readonly #chunks: AsyncIterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)
  readonly #hash = createHash('sha256')
  #beforeLine = ''

  constructor(text: AsyncIterable<Uint8Array>) {
    this.#chunks = text[Symbol.asyncIterator]()
  }

  async next(): Promise<unknown> {
    for (;;) {
      const at = this.#rest.indexOf(NEWLINE)
      if (at < 0 && this.#rest.length < LINE_MAX_BYTES) await this.#more()
      else {
        const text = this.#rest.subarray(0, at).toString('utf8')
        this.#beforeLine = this.#hash.copy().digest('hex')
        this.#hash.update(this.#rest.subarray(0, at + 1))
        this.#rest = this.#rest.subarray(at + 1)
        return parseJson(text)
      }
    }
  }

  /** Of all that stands before the line that was read last. */
  digestBeforeLine(): string {
    return this.#beforeLine
  }

  /** Reads on to the end of the text: what it comes through (a decompressor) has looked at all of it then. */
  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && (await this.#chunks.next()).done === true
  }

  /** Whole lines, as many at once as have come. */
  async *rows(tally: RowTally): AsyncGenerator<Buffer> {
    for (;;) {
      const end = endOfRows(this.#rest)
      const upTo = end ?? this.#rest.lastIndexOf(NEWLINE) + 1
      if (upTo > 0) {
        const rows = this.#rest.subarray(0, upTo)
        tally.add(rows)
        yield rows
      }
      const taken = end === undefined ? upTo : end + END_OF_ROWS.length
      this.#hash.update(this.#rest.subarray(0, taken))
      this.#rest = this.#rest.subarray(taken)
      if (end !== undefined) return
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next()
    if (done === true) throw new BackupDamaged('this backup is damaged: it ends in the middle')
    this.#rest = this.#rest.length === 0 ? Buffer.from(value) : Buffer.concat([this.#rest, value])
  }
}

/** Where the rows end that begin at a line's start; undefined where the end has not come yet. */
function endOfRows(text: Buffer): number | undefined {
  if (text.subarray(0, END_OF_ROWS.length).equals(END_OF_ROWS)) return 0
  const at = text.indexOf('\n\\.\n')
  return at < 0 ? undefined : at + 1
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
