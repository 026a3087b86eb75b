// A report for the person who ran the import: what became of the rows, then every row that was not taken.
import type { ImportReport } from './report.ts'
import { importCauses } from './report.ts'

export function reportText(report: ImportReport): string {
  const { rows, created, changed, unchanged, refused, made, problems, notices, fileProblem } = report
  const what = report.kind === 'products' ? 'products' : 'movements'
  const unfolded = notices.filter(({ notice }) => notice === 'unfolded').length
  const lines = [
    report.dryRun ? `Dry run: nothing was written. ${rows} rows of ${what} would become:` : `${rows} rows of ${what}:`,
    ...table({ created, changed, 'known already': unchanged, 'not taken': refused }),
  ]
  if (made.items > 0 && report.kind === 'movements') lines.push(`New items for unknown stock codes: ${made.items}`)
  if (made.categories.length > 0) lines.push(`New categories: ${made.categories.join(', ')}`)
  if (made.locations.length > 0) lines.push(`New locations: ${made.locations.join(', ')}`)
  if (unfolded > 0) lines.push(`Rows that stood in quotation marks as a whole, and were read all the same: ${unfolded}`)
  if (report.negativePositions > 0) lines.push(`Positions below zero, told in one alert: ${report.negativePositions}`)
  if (report.encoding !== 'utf-8') lines.push(`Read as ${report.encoding.toUpperCase()}`)
  if (report.ignoredColumns.length > 0)
    lines.push(`Columns without a meaning here: ${report.ignoredColumns.join(', ')}`)
  for (const { line, cause, detail } of problems)
    lines.push(`line ${line}: ${importCauses[cause]}${inBrackets(detail)}`)
  for (const { line, notice, detail } of notices)
    if (notice === 'merged') lines.push(`line ${line}: taken, but look at it: ${detail}`)
  if (fileProblem) lines.push(`The file: ${importCauses[fileProblem.cause]}${inBrackets(fileProblem.detail)}`)
  return `${lines.join('\n')}\n`
}

function table(counts: Record<string, number>): string[] {
  return Object.entries(counts).map(([name, count]) => `  ${name.padEnd(14)}${String(count).padStart(8)}`)
}

function inBrackets(detail: string | undefined): string {
  return detail === undefined ? '' : ` (${detail})`
}
