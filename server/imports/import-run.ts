// One import under way: what was made for it, what stands to be sent, and its report. Guarantees: rows are sent in their
// order, one batch at a time, through the ledger's door; a dry run decides the same and sends nothing; what the ledger
// refuses is named in the report.
import { prepare } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import { canonicalCode } from '#shared/values/gtin.ts'
import { meaningOf } from '#shared/values/refusals.ts'
import { nextStamp, stampDevice } from '#shared/values/stamp.ts'
import type { Database } from '../database/database.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { importId } from './import-ids.ts'
import type { FoundLocations } from './imports-store.ts'
import { findLocations } from './imports-store.ts'
import type { ImportReport, RowOutcome, RowRefusal } from './report.ts'
import { FileRefusedError, refuseRow } from './report.ts'

export interface ImportParts {
  database: Database
  ledger: Pick<Ledger, 'push' | 'change'>
  /** Unix ms. */
  now(): number
}

export interface ImportJob {
  orgId: string
  /** Whom the movements and changes are recorded as. A manager. */
  userId: string
  bytes: AsyncIterable<Uint8Array>
  dryRun?: boolean | undefined
  /** A location's name or barcode, for rows that name none. The organisation's first site where left out. */
  location?: string | undefined
  onProgress?: ((progress: { bytes: number; rows: number }) => void) | undefined
}

export type Mutation = Pick<Envelope, 'id' | 'name' | 'args' | 'at'>

/** What a row comes to. Without mutations it is known already. */
export interface DecidedRow {
  line: number
  outcome: RowOutcome
  mutations: Mutation[]
}

const DEFAULT_LOCATION = 'Imported'

export class ImportRun {
  readonly report: ImportReport
  readonly orgId: string
  /** Stands for imports where a device would stand: in the ledger's lines and in `mutations`. */
  readonly clientId: string
  readonly #parts: ImportParts
  readonly #job: ImportJob
  readonly #places: FoundLocations
  /** Categories and locations that rows asked for since the last batch. */
  #made: Mutation[] = []
  #stamp: string | undefined
  #sending: Promise<void> = Promise.resolve()

  private constructor(
    parts: ImportParts,
    job: ImportJob,
    { report, places }: { report: ImportReport; places: FoundLocations },
  ) {
    this.#parts = parts
    this.#job = job
    this.report = report
    this.#places = places
    this.orgId = job.orgId
    this.clientId = importId(job.orgId, 'imports')
  }

  static async begin(parts: ImportParts, job: ImportJob, report: ImportReport): Promise<ImportRun> {
    return new ImportRun(parts, job, { report, places: await findLocations(parts.database, job.orgId) })
  }

  /** A stamp of now, after the last one. */
  stamp(): string {
    return (this.#stamp = nextStamp(this.#stamp, this.#parts.now(), stampDevice(this.clientId)))
  }

  /** A mutation, or why its arguments are not allowed. Nothing that the ledger would refuse as malformed reaches it. */
  mutation(
    id: string,
    name: string,
    { args, at }: { args: Record<string, unknown>; at?: string },
  ): Mutation | RowRefusal {
    const prepared = prepare({ name, args })
    if ('code' in prepared)
      return {
        cause: 'bad_row',
        detail: (prepared.detail?.problems as string[] | undefined)?.join('; ') ?? prepared.code,
      }
    return { id, name, args, at: at ?? this.stamp() }
  }

  /** The id of a category, which is made where there is none of this name. */
  category(name: string): string | RowRefusal {
    const wanted = name.toLowerCase()
    const known = this.#places.categories.find((category) => category.name.toLowerCase() === wanted)
    if (known) return known.id
    const id = importId(this.orgId, 'category', wanted)
    const made = this.#make(id, 'category.create', { id, name })
    if (made) return made
    this.#places.categories.push({ id, name })
    this.report.made.categories.push(name)
    return id
  }

  /** The id of a location by its barcode or name, which is made where there is none. */
  location(name: string): string | RowRefusal {
    const known = this.#findLocation(name)
    if (known) return known
    const id = importId(this.orgId, 'location', name.toLowerCase())
    const made = this.#make(id, 'location.create', { id, name, kind: 'site' })
    if (made) return made
    this.#places.locations.push({ id, name, parentId: null, kind: 'site', barcode: null })
    this.report.made.locations.push(name)
    return id
  }

  /** Where rows belong that name no place. @throws {FileRefusedError} where the wanted one does not exist */
  defaultLocation(): string {
    const { location } = this.#job
    if (location !== undefined) {
      const wanted = this.#findLocation(location)
      if (wanted === undefined) throw new FileRefusedError('unknown_location', location)
      return wanted
    }
    const site = this.#places.locations.find(({ kind }) => kind === 'site')
    return site?.id ?? (this.location(DEFAULT_LOCATION) as string)
  }

  /** Sends what rows come to, once the rows before are sent. Returns before they are committed, so that work overlaps. */
  async send(rows: DecidedRow[]): Promise<void> {
    await this.#sending
    const made = this.#made.splice(0)
    this.#sending = this.#commit(made, rows)
    this.#sending.catch(() => undefined) // told by whoever awaits it next
  }

  /** Resolves when all that was sent is committed. */
  async sent(): Promise<void> {
    await this.#sending
  }

  progress(bytes: number): void {
    this.#job.onProgress?.({ bytes, rows: this.report.rows })
  }

  async #commit(made: Mutation[], rows: DecidedRow[]): Promise<void> {
    const mutations = [...made, ...rows.flatMap((row) => row.mutations)]
    const results = new Map<string, PushResult>()
    if (!this.report.dryRun && mutations.length > 0) {
      const envelopes = mutations.map((mutation, index) => ({ ...mutation, seq: index + 1 }))
      const batch = { userId: this.#job.userId, clientId: this.clientId, envelopes }
      const answer = await this.#parts.ledger.push(this.orgId, batch)
      for (const [index, result] of answer.results.entries()) results.set(mutations[index]!.id, result)
    }
    for (const row of rows)
      this.#count(
        row,
        row.mutations.map(({ id }) => results.get(id)).filter((result) => result !== undefined),
      )
  }

  #count({ line, outcome }: DecidedRow, results: PushResult[]): void {
    const wrong = results.find(({ status }) => status === 'refused')
    if (wrong) {
      refuseRow(this.report, line, { cause: 'refused', detail: meaningOf(wrong.code ?? '').cause })
      return
    }
    for (const { status, code } of results)
      if (status === 'merged') this.report.notices.push({ line, notice: 'merged', detail: meaningOf(code ?? '').cause })
    // Another import of the same file may have been faster.
    const known = results.length > 0 && results.every(({ status }) => status === 'duplicate')
    this.report[known ? 'unchanged' : outcome] += 1
  }

  #make(id: string, name: string, args: Record<string, unknown>): RowRefusal | undefined {
    const mutation = this.mutation(importId(this.orgId, name, id), name, { args })
    if ('cause' in mutation) return mutation
    this.#made.push(mutation)
    return undefined
  }

  #findLocation(name: string): string | undefined {
    const { locations } = this.#places
    const code = canonicalCode(name)
    const wanted = name.toLowerCase()
    const found =
      locations.find(({ barcode }) => barcode === code) ??
      locations.find((known) => known.name.toLowerCase() === wanted)
    return found?.id
  }
}
