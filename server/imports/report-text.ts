// The report of an import as text: the number of rows by outcome, then every row that was not imported.
import type { ImportReport } from './report.ts'
import { importCauses } from './report.ts'

export function reportText(report: ImportReport): string {
  const { rows, created, changed, unchanged, refused, made, problems, notices, fileProblem } = report
  const unfolded = notices.filter(({ notice }) => notice === 'unfolded').length
  const lines = [
    report.dryRun
      ? `Dry run: nothing was written. ${rows} rows of ${report.kind} would be:`
      : `${rows} rows of ${report.kind}:`,
    ...table({ created, changed, unchanged, 'not imported': refused }),
  ]
  if (made.items > 0 && report.kind === 'movements') lines.push(`New items for unknown stock codes: ${made.items}`)
  if (made.categories.length > 0) lines.push(`New categories: ${made.categories.join(', ')}`)
  if (made.locations.length > 0) lines.push(`New locations: ${made.locations.join(', ')}`)
  if (unfolded > 0) lines.push(`Rows inside one pair of quotation marks, imported anyway: ${unfolded}`)
  if (report.negativePositions > 0)
    lines.push(`Positions below zero, reported in one alert: ${report.negativePositions}`)
  if (report.encoding !== 'utf-8') lines.push(`Read as ${report.encoding.toUpperCase()}`)
  if (report.ignoredColumns.length > 0) lines.push(`Ignored columns: ${report.ignoredColumns.join(', ')}`)
  for (const { line, cause, detail } of problems)
    lines.push(`line ${line}: ${importCauses[cause]}${inBrackets(detail)}`)
  for (const { line, notice, detail } of notices)
    if (notice === 'merged') lines.push(`line ${line}: imported, but check it: ${detail}`)
  if (fileProblem) lines.push(`The file: ${importCauses[fileProblem.cause]}${inBrackets(fileProblem.detail)}`)
  return `${lines.join('\n')}\n`
}

function table(counts: Record<string, number>): string[] {
  return Object.entries(counts).map(([name, count]) => `  ${name.padEnd(14)}${String(count).padStart(8)}`)
}

function inBrackets(detail: string | undefined): string {
  return detail === undefined ? '' : ` (${detail})`
}
