// Imports files of products and of past movements into an organisation. Guarantees: valid rows are imported, and every other
// row is reported with its line and cause; importing the same file again does not change anything; it only writes through the
// ledger, in batches that do not delay other people.
import { toThousandths } from '#shared/values/quantity.ts'
import type { Alert } from '#shared/rows/rows.ts'
import { movementColumns, productColumns, readHeader } from './columns.ts'
import type { Columns } from './columns.ts'
import { importId } from './import-ids.ts'
import type { DecidedRow, ImportJob, ImportParts } from './import-run.ts'
import { ImportRun } from './import-run.ts'
import { findNegative } from './imports-store.ts'
import type { FileLine } from './line-reader.ts'
import { readLines } from './line-reader.ts'
import { MovementImport } from './movement-import.ts'
import { ProductImport } from './product-import.ts'
import type { RawRow } from './csv-row-reader.ts'
import { readCsvRows } from './csv-row-reader.ts'
import type { ImportReport } from './report.ts'
import { closeReport, FileRefusedError, newReport, PROBLEMS_MAX, refuseRow } from './report.ts'

/** Rows per transaction. More would delay a scan behind them noticeably, and fewer would be slow. */
const BATCH_ROWS = 1_000
/** The keys of all rows are in memory while the file is read. The largest shops have fewer articles. */
const ROWS_MAX = 500_000

interface Decider {
  decide(rows: readonly RawRow[]): Promise<DecidedRow[]>
}

export class Importer {
  readonly #parts: ImportParts

  constructor(parts: ImportParts) {
    this.#parts = parts
  }

  /** Imports items with their barcodes, levels and counted quantities. An error is not the fault of the file: try again. */
  async products(job: ImportJob): Promise<ImportReport> {
    const report = newReport('products', job.dryRun === true)
    const run = await ImportRun.start(this.#parts, job, report)
    await importFile(run, job, async (lines) => {
      const columns = await findHeader(lines, (text) => readHeader(text, productColumns, [['barcode', 'sku']]))
      // A location that does not exist is reported even if no row needs it.
      if (job.location !== undefined) run.defaultLocation()
      return { columns, decider: new ProductImport(run, this.#parts.database, columns) }
    })
    return closeReport(report)
  }

  /** Imports sales and returns at their own times. An error is not the fault of the file: try again. */
  async movements(job: ImportJob): Promise<ImportReport> {
    const report = newReport('movements', job.dryRun === true)
    const run = await ImportRun.start(this.#parts, job, report)
    let locationId: string | undefined
    await importFile(run, job, async (lines) => {
      const needed = [['sku'], ['quantity'], ['time']] as const
      const columns = await findHeader(lines, (text) => readHeader(text, movementColumns, needed))
      const { database, now } = this.#parts
      const decider = new MovementImport(run, { database, columns, nowMs: now() })
      ;({ locationId } = decider)
      return { columns, decider }
    })
    if (!report.dryRun && locationId !== undefined && report.created > 0)
      report.negativePositions = await this.#reportNegative(job, locationId)
    return closeReport(report)
  }

  /** Opens one alert for all positions that are below zero after the import, instead of thousands. */
  async #reportNegative({ orgId, userId }: ImportJob, locationId: string): Promise<number> {
    const alertId = importId(orgId, 'imported_negative', locationId)
    const read = (sql: Parameters<typeof findNegative>[0]) => findNegative(sql, orgId, { locationId, alertId })
    const { negative, alert } = await this.#parts.database.snapshot(orgId, read)
    if (isReported(alert, negative)) return negative
    await this.#parts.ledger.change(orgId, {
      action: 'import.summary',
      userId,
      work: async ({ sql }, version) => {
        const facts = await read(sql)
        const after: Alert = {
          id: alertId,
          kind: 'imported_negative',
          itemId: null,
          locationId,
          lot: null,
          acknowledgedBy: null,
          snoozedUntil: null,
          state: facts.negative > 0 ? 'open' : 'resolved',
          quantity: toThousandths(facts.negative),
          level: null,
          openedAt: this.#parts.now(),
          version,
        }
        return [{ kind: 'alerts', key: alertId, before: facts.alert, after }]
      },
    })
    return negative
  }
}

function isReported(alert: Alert | undefined, negative: number): boolean {
  if (!alert || alert.state === 'resolved') return negative === 0
  return alert.quantity === toThousandths(negative)
}

type OpenedFile = { columns: Columns<string>; decider: Decider }

/** Imports a file to its end, or up to a problem that makes the rest useless. */
async function importFile(
  run: ImportRun,
  job: ImportJob,
  open: (lines: AsyncGenerator<FileLine>) => Promise<OpenedFile>,
): Promise<void> {
  const { report } = run
  const lines = readLines(job.bytes, {
    encoding: (encoding) => (report.encoding = encoding),
    progress: (bytes) => run.progress(bytes),
  })
  let batch: RawRow[] = []
  let decider: Decider | undefined
  const sendBatch = async () => {
    const rows = batch
    batch = []
    if (decider && rows.length > 0) await run.send(await decider.decide(rows))
  }
  try {
    const opened = await open(lines)
    ;({ decider } = opened)
    report.ignoredColumns = opened.columns.ignored
    const shape = { columns: opened.columns.count, delimiter: opened.columns.delimiter }
    for await (const row of readCsvRows(lines, shape)) {
      if (report.rows === ROWS_MAX) throw new FileRefusedError('too_many_rows')
      if (report.problems.length > PROBLEMS_MAX) throw new FileRefusedError('too_many_problems', `line ${row.line}`)
      report.rows += 1
      if ('cause' in row) refuseRow(report, row.line, row)
      else {
        if (row.unfolded) report.notices.push({ line: row.line, notice: 'unfolded' })
        if (batch.push(row) === BATCH_ROWS) await sendBatch()
      }
    }
  } catch (error) {
    if (!(error instanceof FileRefusedError)) throw error
    report.fileProblem = error.problem
  }
  await sendBatch()
  await run.sent()
}

/** The columns in the first line that is not blank. */
async function findHeader<C>(lines: AsyncGenerator<FileLine>, read: (text: string) => C): Promise<C> {
  for (let result = await lines.next(); !result.done; result = await lines.next()) {
    if (result.value.text.trim() !== '') return read(result.value.text)
  }
  throw new FileRefusedError('empty')
}
