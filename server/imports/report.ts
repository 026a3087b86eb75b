// What an import answers: how many rows became what, and every row that did not, by its line and cause. Guarantees:
// rows = created + changed + unchanged + refused, and each refused row stands in `problems`.
import assert from 'node:assert/strict'

/** Why a row, or a whole file, is not taken. */
export const importCauses = {
  empty: 'The file is empty.',
  not_text: 'This is no text: save it as CSV (UTF-8) first.',
  no_header: 'The first line must name the columns.',
  column_twice: 'Two columns mean the same.',
  too_many_columns: 'The file has more than 500 columns.',
  too_large: 'The file is larger than 64 MB: split it.',
  too_many_rows: 'The file has more than 500,000 rows: split it. The rows before were taken.',
  too_many_problems: 'More than 20,000 rows could not be taken, so the rest was not read.',
  unknown_location: 'There is no location of this name or barcode.',
  unclosed_quote: 'A quotation mark opens a text here that nothing closes.',
  bad_quotes: 'The quotation marks do not fit: inside a quoted text they are doubled.',
  column_count: 'The row has another number of columns than the first line.',
  line_too_long: 'The line has more than 64,000 characters.',
  bad_encoding: 'The row holds bytes that are not UTF-8.',
  no_key: 'The row has neither a barcode nor a SKU.',
  no_name: 'A new item needs a name.',
  repeated: 'An earlier row of this file is about the same thing.',
  key_clash: 'Its barcode and its SKU belong to two different items.',
  bad_number: 'This is no number, or one that is out of range.',
  bad_barcode: 'A spreadsheet has shortened this barcode (like 4.0E+12): format the column as text.',
  bad_date: 'The time is not of the form 2010-12-01 08:26:00.',
  future: 'The time lies in the future.',
  zero_quantity: 'The quantity is zero: nothing moved.',
  bad_row: 'A value is too long or not allowed.',
  refused: 'The server refused it.',
} as const
export type ImportCause = keyof typeof importCauses

export interface Problem {
  /** The line of the file that the row begins in, from 1. */
  line: number
  cause: ImportCause
  /** What exactly, where that helps. */
  detail?: string
}

/** Something that was taken, but that its owner should know. */
export interface ReportNotice {
  line: number
  notice: 'unfolded' | 'merged'
  detail?: string
}

export interface ImportReport {
  kind: 'products' | 'movements'
  dryRun: boolean
  /** Rows of data: without the header and blank lines. */
  rows: number
  created: number
  changed: number
  /** What the organisation knew already, exactly so. */
  unchanged: number
  refused: number
  /** Items, categories and locations that had to be made for the rows. */
  made: { items: number; categories: string[]; locations: string[] }
  /** Positions below zero that the import leaves behind (movements only). */
  negativePositions: number
  problems: Problem[]
  notices: ReportNotice[]
  /** Why the file as a whole was not taken, or not to its end. */
  fileProblem?: { cause: ImportCause; detail?: string }
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be'
  /** Columns that mean nothing here. */
  ignoredColumns: string[]
}

export type RowOutcome = 'created' | 'changed' | 'unchanged'

/** More would make an answer that nobody reads, of a file that is something else. */
export const PROBLEMS_MAX = 20_000

/** The file cannot be taken, or not further. */
export class FileRefusedError extends Error {
  readonly problem: NonNullable<ImportReport['fileProblem']>

  constructor(cause: ImportCause, detail?: string) {
    super(importCauses[cause])
    this.problem = { cause, ...(detail !== undefined && { detail: shorten(detail) }) }
  }
}

export function newReport(kind: ImportReport['kind'], dryRun: boolean): ImportReport {
  return {
    kind,
    dryRun,
    rows: 0,
    created: 0,
    changed: 0,
    unchanged: 0,
    refused: 0,
    made: { items: 0, categories: [], locations: [] },
    negativePositions: 0,
    problems: [],
    notices: [],
    encoding: 'utf-8',
    ignoredColumns: [],
  }
}

/** Counts a row that cannot be taken. */
export function refuseRow(report: ImportReport, line: number, { cause, detail }: RowRefusal): void {
  report.refused += 1
  report.problems.push({ line, cause, ...(detail !== undefined && { detail: shorten(detail) }) })
}

export interface RowRefusal {
  cause: ImportCause
  detail?: string
}

/** Orders the report by line, and states that no row is missing in it. */
export function closeReport(report: ImportReport): ImportReport {
  const { rows, created, changed, unchanged, refused, problems } = report
  assert.equal(rows, created + changed + unchanged + refused, 'every row becomes something or is named')
  assert.equal(refused, problems.length, 'every refused row is named')
  problems.sort((a, b) => a.line - b.line)
  report.notices.sort((a, b) => a.line - b.line)
  return report
}

function shorten(text: string): string {
  const shown = text.replaceAll('\u0000', '␀').toWellFormed()
  return shown.length > 120 ? `${shown.slice(0, 119)}…` : shown
}
