// The report of an import: the number of rows by outcome, and every refused row with its line and cause. Guarantees:
// rows = created + changed + unchanged + refused, and `problems` contains each refused row.
import assert from 'node:assert/strict'

/** Why a row or a whole file is not imported. */
export const importCauses = {
  empty: 'The file is empty.',
  not_text: 'This is not a text file: save it as CSV (UTF-8) first.',
  no_header: 'The first line must name the columns.',
  column_twice: 'Two columns have the same meaning.',
  too_many_columns: 'The file has more than 500 columns.',
  too_large: 'The file is larger than 64 MB: split it.',
  too_many_rows: 'The file has more than 500,000 rows: split it. The rows before were imported.',
  too_many_problems: 'More than 20,000 rows could not be imported, so the rest was not read.',
  unknown_location: 'There is no location with this name or barcode.',
  unclosed_quote: 'A quotation mark opens a text here that is never closed.',
  bad_quotes: 'The quotation marks do not match: inside a quoted text they must be doubled.',
  column_count: 'The row has a different number of columns than the first line.',
  line_too_long: 'The line has more than 64,000 characters.',
  bad_encoding: 'The row has bytes that are not UTF-8.',
  no_key: 'The row has neither a barcode nor a SKU.',
  no_name: 'A new item needs a name.',
  repeated: 'An earlier row of this file has the same barcode or SKU.',
  key_clash: 'Its barcode and its SKU belong to two different items.',
  bad_number: 'This is not a number, or it is out of range.',
  bad_barcode: 'A spreadsheet has shortened this barcode (like 4.0E+12): format the column as text.',
  bad_date: 'The time does not have the form 2010-12-01 08:26:00.',
  future: 'The time is in the future.',
  zero_quantity: 'The quantity is zero: nothing moved.',
  bad_row: 'A value is too long or not allowed.',
  refused: 'The server refused it.',
} as const
export type ImportCause = keyof typeof importCauses

export interface Problem {
  /** The line of the file that the row begins in, from 1. */
  line: number
  cause: ImportCause
  /** The exact value or text, if that helps. */
  detail?: string
}

/** Something about an imported row that a person should know. */
export interface ReportNotice {
  line: number
  notice: 'unfolded' | 'merged'
  detail?: string
}

export interface ImportReport {
  kind: 'products' | 'movements'
  dryRun: boolean
  /** The number of data rows, without the header and blank lines. */
  rows: number
  created: number
  changed: number
  /** Rows that do not change anything. */
  unchanged: number
  refused: number
  /** Items, categories and locations that were created for the rows. */
  made: { items: number; categories: string[]; locations: string[] }
  /** Positions that are below zero after the import (movements only). */
  negativePositions: number
  problems: Problem[]
  notices: ReportNotice[]
  /** Why the file was not imported, or not to its end. */
  fileProblem?: { cause: ImportCause; detail?: string }
  encoding: 'utf-8' | 'utf-16le' | 'utf-16be'
  /** Columns that do not belong to a field. */
  ignoredColumns: string[]
}

export type RowOutcome = 'created' | 'changed' | 'unchanged'

/** Nobody reads more problems than this, and such a file is probably not what it should be. */
export const PROBLEMS_MAX = 20_000

/** The file cannot be imported, or not to its end. */
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

/** Counts a row that cannot be imported. */
export function refuseRow(report: ImportReport, line: number, { cause, detail }: RowRefusal): void {
  report.refused += 1
  report.problems.push({ line, cause, ...(detail !== undefined && { detail: shorten(detail) }) })
}

export interface RowRefusal {
  cause: ImportCause
  detail?: string
}

/** Sorts the report by line, and asserts that it contains every row. */
export function closeReport(report: ImportReport): ImportReport {
  const { rows, created, changed, unchanged, refused, problems } = report
  assert.equal(rows, created + changed + unchanged + refused, 'every row has an outcome')
  assert.equal(refused, problems.length, 'every refused row has a problem')
  problems.sort((a, b) => a.line - b.line)
  report.notices.sort((a, b) => a.line - b.line)
  return report
}

function shorten(text: string): string {
  const shown = text.replaceAll('\u0000', '␀').toWellFormed()
  return shown.length > 120 ? `${shown.slice(0, 119)}…` : shown
}
