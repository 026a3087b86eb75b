// The text of a backup: a header line of JSON; for each table a line of JSON and its rows in COPY's text format, up to a line
// "\."; and a last line of JSON with the checksums. A truncated or changed file is detected before its rows take effect. Any
// zstd (and age, if it is encrypted) opens it without Stockhand.
import { createHash } from 'node:crypto'
import { z } from 'zod'

const FORMAT = 1
/** The longest line of JSON is a list of columns. A file with a longer line is not a backup. */
const LINE_MAX_BYTES = 16 * 1024 * 1024
const END_OF_ROWS = Buffer.from('\\.\n')
const NEWLINE = 0x0a

const headerSchema = z.object({
  stockhand: z.literal('backup'),
  format: z.int(),
  madeAt: z.iso.datetime(),
  /** The version of Stockhand that made it. */
  version: z.string(),
  /** All migrations that had been applied, in order. They define the tables. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
})
const tableSchema = z.object({ table: z.string(), columns: z.array(z.string()) })
const endSchema = z.object({
  end: z.literal(true),
  /** The hash of everything before this line. */
  sha256: z.string(),
  tables: z.record(z.string(), z.object({ rows: z.int(), sha256: z.string() })),
})

export type BackupHeader = z.infer<typeof headerSchema>
export type TableHeader = z.infer<typeof tableSchema>

/** The parts of a backup, in order. The rows of a table must be read to the end before the next part is requested. */
export type BackupPart =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'table'; table: TableHeader; rows: AsyncGenerator<Buffer> }
  | { kind: 'end'; rowCount: number }

export class BackupDamaged extends Error {
  override readonly name = 'BackupDamaged'
}

/** Counts and hashes the rows of a table as they pass. */
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

/** Produces the text of a backup. `tables` yields the rows of each table in COPY's text format. */
export async function* writeBackup(
  header: Omit<BackupHeader, 'stockhand' | 'format'>,
  tables: AsyncIterable<{ table: TableHeader; rows: AsyncIterable<Uint8Array> }>,
): AsyncGenerator<Uint8Array> {
  const whole = createHash('sha256')
  const hashed = (bytes: Uint8Array) => {
    whole.update(bytes)
    return bytes
  }
  yield hashed(line({ stockhand: 'backup', format: FORMAT, ...header }))
  const tallies: z.infer<typeof endSchema>['tables'] = {}
  for await (const { table, rows } of tables) {
    yield hashed(line(table))
    const tally = new RowTally()
    for await (const chunk of rows) {
      tally.add(chunk)
      yield hashed(chunk)
    }
    yield hashed(END_OF_ROWS)
    tallies[table.table] = { rows: tally.rows, sha256: tally.digest() }
  }
  yield line({ end: true, sha256: whole.digest('hex'), tables: tallies })
}

/** @throws {BackupDamaged} if it is not a backup, truncated or changed. It is known to be complete only after the end part. */
export async function* readBackup(text: AsyncIterable<Uint8Array>): AsyncGenerator<BackupPart> {
  const lines = new Lines(text)
  const header = parse(headerSchema, await lines.next(), 'this is not a Stockhand backup, or its beginning is damaged')
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
        throw new BackupDamaged('this backup is damaged: its contents have changed')
      if (!(await lines.isAtEnd())) throw new BackupDamaged('this backup is damaged: there is data after its end')
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
      throw new BackupDamaged(`this backup is damaged: the contents of ${table} have changed`)
  }
  if (seen.size !== Object.keys(expected).length)
    throw new BackupDamaged('this backup is damaged: it has tables that its end does not list')
}

function line(value: unknown): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`)
}

function parse<T>(schema: z.ZodType<T>, value: unknown, problem: string): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new BackupDamaged(problem)
  return parsed.data
}

/** Splits a text into lines of JSON and rows. */
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

  /** The hash of everything before the last line that was read. */
  digestBeforeLine(): string {
    return this.#beforeLine
  }

  /** Reads to the end of the text, so that the decompressor before it has checked everything. */
  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && (await this.#chunks.next()).done === true
  }

  /** Complete lines, as many at once as have arrived. */
  async *rows(tally: RowTally): AsyncGenerator<Buffer> {
    for (;;) {
      const end = endOfRows(this.#rest)
      const upTo = end ?? this.#rest.lastIndexOf(NEWLINE) + 1
      if (upTo > 0) {
        const rows = this.#rest.subarray(0, upTo)
        tally.add(rows)
        yield rows
      }
      const consumed = end === undefined ? upTo : end + END_OF_ROWS.length
      this.#hash.update(this.#rest.subarray(0, consumed))
      this.#rest = this.#rest.subarray(consumed)
      if (end !== undefined) return
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    const { value, done } = await this.#chunks.next()
    if (done === true) throw new BackupDamaged('this backup is damaged: it is truncated')
    this.#rest = this.#rest.length === 0 ? Buffer.from(value) : Buffer.concat([this.#rest, value])
  }
}

/** The index at which the rows end. `text` begins at the start of a line. Returns undefined if the end has not arrived. */
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
