// One running import: its locations and categories, its queued mutations and its report. Guarantees: rows are pushed to the
// ledger in order, one batch at a time; a dry run makes the same decisions without pushing; the report contains what the
// ledger refuses.
import type { MutationName, Mutations } from '#shared/mutations/verbs.ts'
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
  /** The manager who is recorded as the author of the movements and changes. */
  userId: string
  bytes: AsyncIterable<Uint8Array>
  dryRun?: boolean | undefined
  /** The name or barcode of the location for rows without one. By default the first site of the organisation. */
  location?: string | undefined
  onProgress?: ((progress: { bytes: number; rows: number }) => void) | undefined
}

export type Mutation = Pick<Envelope, 'id' | 'name' | 'args' | 'at'>

/** The mutations for a row. Without mutations, the row does not change anything. */
export interface DecidedRow {
  line: number
  outcome: RowOutcome
  mutations: Mutation[]
}

const DEFAULT_LOCATION = 'Imported'

export class ImportRun {
  readonly report: ImportReport
  readonly orgId: string
  /** The client id of all imports of an organisation, in the lines of the ledger and in `mutations`. */
  readonly clientId: string
  readonly #parts: ImportParts
  readonly #job: ImportJob
  readonly #found: FoundLocations
  /** Mutations that create categories and locations, since the last batch. */
  #created: Mutation[] = []
  #stamp: string | undefined
  #sending: Promise<void> = Promise.resolve()

  private constructor(
    parts: ImportParts,
    job: ImportJob,
    { report, found }: { report: ImportReport; found: FoundLocations },
  ) {
    this.#parts = parts
    this.#job = job
    this.report = report
    this.#found = found
    this.orgId = job.orgId
    this.clientId = importId(job.orgId, 'imports')
  }

  static async start(parts: ImportParts, job: ImportJob, report: ImportReport): Promise<ImportRun> {
    return new ImportRun(parts, job, { report, found: await findLocations(parts.database, job.orgId) })
  }

  /** A stamp of the current time, later than the last one. */
  stamp(): string {
    return (this.#stamp = nextStamp(this.#stamp, this.#parts.now(), stampDevice(this.clientId)))
  }

  /** A mutation, or why its arguments are invalid. So the ledger never gets a malformed mutation. */
  mutation<N extends MutationName>(
    id: string,
    name: N,
    { args, at }: { args: Mutations[N]; at?: string },
  ): Mutation | RowRefusal {
    const prepared = prepare({ name, args })
    if ('code' in prepared)
      return {
        cause: 'bad_row',
        detail: (prepared.detail?.problems as string[] | undefined)?.join('; ') ?? prepared.code,
      }
    return { id, name, args, at: at ?? this.stamp() }
  }

  /** The id of the category with a name. It is created if it does not exist. */
  category(name: string): string | RowRefusal {
    const normalized = name.toLowerCase()
    const known = this.#found.categories.find((category) => category.name.toLowerCase() === normalized)
    if (known) return known.id
    const id = importId(this.orgId, 'category', normalized)
    const refusal = this.#create(id, 'category.create', { id, name })
    if (refusal) return refusal
    this.#found.categories.push({ id, name })
    this.report.made.categories.push(name)
    return id
  }

  /** The id of the location with a barcode or name. It is created if it does not exist. */
  location(name: string): string | RowRefusal {
    const known = this.#findLocation(name)
    if (known) return known
    const id = importId(this.orgId, 'location', name.toLowerCase())
    const refusal = this.#create(id, 'location.create', { id, name, kind: 'site' })
    if (refusal) return refusal
    this.#found.locations.push({ id, name, parentId: null, kind: 'site', barcode: null })
    this.report.made.locations.push(name)
    return id
  }

  /** The location for rows without one. @throws {FileRefusedError} if the requested one does not exist */
  defaultLocation(): string {
    const { location } = this.#job
    if (location !== undefined) {
      const requested = this.#findLocation(location)
      if (requested === undefined) throw new FileRefusedError('unknown_location', location)
      return requested
    }
    const site = this.#found.locations.find(({ kind }) => kind === 'site')
    return site?.id ?? (this.location(DEFAULT_LOCATION) as string)
  }

  /** Pushes the mutations of rows after those of the batch before. Returns before they are committed, so that work overlaps. */
  async send(rows: DecidedRow[]): Promise<void> {
    await this.#sending
    const created = this.#created.splice(0)
    this.#sending = this.#commit(created, rows)
    this.#sending.catch(() => undefined) // thrown by the next await of it
  }

  /** Resolves when everything that was sent is committed. */
  async sent(): Promise<void> {
    await this.#sending
  }

  progress(bytes: number): void {
    this.#job.onProgress?.({ bytes, rows: this.report.rows })
  }

  async #commit(created: Mutation[], rows: DecidedRow[]): Promise<void> {
    const mutations = [...created, ...rows.flatMap((row) => row.mutations)]
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
    const refused = results.find(({ status }) => status === 'refused')
    if (refused) {
      refuseRow(this.report, line, { cause: 'refused', detail: meaningOf(refused.code ?? '').cause })
      return
    }
    for (const { status, code } of results)
      if (status === 'merged') this.report.notices.push({ line, notice: 'merged', detail: meaningOf(code ?? '').cause })
    // Another import of the same file may have been faster.
    const isKnown = results.length > 0 && results.every(({ status }) => status === 'duplicate')
    this.report[isKnown ? 'unchanged' : outcome] += 1
  }

  #create<N extends MutationName>(id: string, name: N, args: Mutations[N]): RowRefusal | undefined {
    const mutation = this.mutation(importId(this.orgId, name, id), name, { args })
    if ('cause' in mutation) return mutation
    this.#created.push(mutation)
    return undefined
  }

  #findLocation(name: string): string | undefined {
    const { locations } = this.#found
    const code = canonicalCode(name)
    const normalized = name.toLowerCase()
    const found =
      locations.find(({ barcode }) => barcode === code) ??
      locations.find((known) => known.name.toLowerCase() === normalized)
    return found?.id
  }
}
