// Reads the rows of a CSV file, each with the number of its first line. Guarantees: no line is lost, because each is part of
// a row, blank, or reported with its problem. A quoted text may span lines; one that never closes affects only its first line.
// Rows that bad quoting has folded into one field are unfolded if each of them is complete.
import Papa from 'papaparse'
import type { FileLine } from './line-reader.ts'
import { LINE_MAX_CHARACTERS } from './line-reader.ts'
import type { RowRefusal } from './report.ts'

export interface RawRow {
  line: number
  cells: string[]
  /** The whole row was inside quotation marks, as one field. */
  unfolded?: boolean
}
export type ReadRow = RawRow | ({ line: number } & RowRefusal)

/** If a cell has more lines than this, its quotation mark was never closed. */
const ROW_LINES_MAX = 100
/** With fewer columns, a line of a note that contains a comma would look like a row. */
const ROW_COLUMNS_MIN = 4

export const DELIMITERS = [',', ';', '\t', '|'] as const
export type Delimiter = (typeof DELIMITERS)[number]

/** The rows after the header. `lines` must continue after the header. */
export async function* readCsvRows(
  lines: AsyncIterator<FileLine>,
  { columns, delimiter }: { columns: number; delimiter: Delimiter },
): AsyncGenerator<ReadRow> {
  const ahead: FileLine[] = []
  const next = async (): Promise<FileLine | undefined> => {
    const result = await lines.next()
    return result.done ? undefined : result.value
  }
  for (let line = await next(); line; line = ahead.shift() ?? (await next())) {
    if (line.text.trim() === '') continue
    if (line.text.length > LINE_MAX_CHARACTERS) {
      yield { line: line.no, cause: 'line_too_long' }
      continue
    }
    if (line.isBroken) {
      yield { line: line.no, cause: 'bad_encoding' }
      continue
    }
    const cells = splitLine(line.text, delimiter)
    if (cells !== 'open') {
      yield* readRow(line.no, cells, { columns, delimiter })
      continue
    }
    while (ahead.length < ROW_LINES_MAX) {
      const more = await next()
      if (!more) break
      ahead.push(more)
    }
    const joined = joinLines(line, ahead, { columns, delimiter })
    if (!joined) yield { line: line.no, cause: 'unclosed_quote' }
    else {
      ahead.splice(0, joined.used)
      yield* joined.rows
    }
  }
}

interface Shape {
  columns: number
  delimiter: Delimiter
}

/** The cells of one line, 'open' if a quoted text continues after it, or a cause if the quotation marks do not match. */
export function splitLine(text: string, delimiter: Delimiter): string[] | 'open' | 'bad_quotes' {
  if (!text.includes('"')) return text.split(delimiter)
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, newline: '\n' })
  if (errors.some(({ code }) => code === 'InvalidQuotes') || data.length > 1) return 'bad_quotes'
  if (errors.length > 0) return 'open'
  return data[0] ?? ['']
}

function* readRow(line: number, cells: string[] | 'bad_quotes', shape: Shape): Generator<ReadRow> {
  if (cells === 'bad_quotes') yield { line, cause: 'bad_quotes' }
  else if (cells.length === shape.columns) yield { line, cells }
  else {
    const inner = cells.length === 1 ? splitLine(cells[0]!, shape.delimiter) : cells
    if (Array.isArray(inner) && inner.length === shape.columns) yield { line, cells: inner, unfolded: true }
    else yield { line, cause: 'column_count', detail: `${cells.length} instead of ${shape.columns}` }
  }
}

/** A row over several lines, or several rows folded into one field. Returns undefined if no end of it leads to a valid row. */
function joinLines(first: FileLine, ahead: FileLine[], shape: Shape): { rows: RawRow[]; used: number } | undefined {
  let text = first.text
  for (const [index, { text: more, isBroken }] of ahead.entries()) {
    text += `\n${more}`
    if (text.length > LINE_MAX_CHARACTERS) return undefined
    if (isBroken) return undefined
    if (!more.includes('"')) continue
    const cells = splitText(text, shape.delimiter)
    if (cells === undefined) continue
    const used = index + 1
    const swallowed = ahead.slice(0, used)
    if (cells.length === 1) {
      const rows = cells[0]!.split('\n').map((row, offset) => ({ line: first.no + offset, row }))
      const whole = rows.map(({ row }) => splitLine(row, shape.delimiter))
      if (!whole.every((inner) => Array.isArray(inner) && inner.length === shape.columns)) continue
      return {
        rows: whole.map((inner, at) => ({ line: rows[at]!.line, cells: inner as string[], unfolded: true })),
        used,
      }
    }
    if (cells.length !== shape.columns) continue
    if (shape.columns >= ROW_COLUMNS_MIN && swallowed.some((line) => isRow(line.text, shape))) return undefined
    return { rows: [{ line: first.no, cells }], used }
  }
  return undefined
}

function splitText(text: string, delimiter: Delimiter): string[] | undefined {
  const { data, errors } = Papa.parse<string[]>(text, { delimiter, newline: '\n' })
  return errors.length > 0 || data.length !== 1 ? undefined : data[0]
}

function isRow(text: string, { columns, delimiter }: Shape): boolean {
  const cells = splitLine(text, delimiter)
  return Array.isArray(cells) && cells.length === columns
}
