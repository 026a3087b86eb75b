// The three ways to load pages of rows: the first sync shows each page at once, a resnapshot replaces all rows when the last
// page is there, and a catch-up applies its pages together. Keeps D4, D12.
import type { PullAnswer } from '#shared/protocol/wire.ts'
import { KINDS, type WireTables } from '#shared/rows/rows.ts'
import type { LoadProgress } from '../device/connection-status.ts'
import type { Device } from '../device/device.ts'
import type { SyncPoint } from '../device/records.ts'
import { ConfirmedRows } from '../device/state/confirmed-rows.ts'

/** A page, the client id that asked for it, and the server's clock minus this device's in ms. */
export type Page = PullAnswer & { clientId: string; clockOffsetMs: number }

export interface PageLoader {
  /** Requests the next page. */
  fetch(signal: AbortSignal): Promise<Page>
  /** Adds a page. With the last one, the device has the whole version. */
  add(page: Page, signal: AbortSignal): Promise<void>
}

/** What the loaders need from the replicator. */
export interface LoaderOptions {
  device: Device
  /** The wall clock, Unix ms. */
  now: () => number
  request: (cursor: string | null, signal: AbortSignal) => Promise<Page>
  /** The seq up to which a page acknowledges this device's own mutations. */
  acknowledgedBy: (page: Page) => Promise<number>
}

/** Shows the rows as they arrive. The next page is on its way while this one is stored. */
export class FirstSync implements PageLoader {
  readonly #options: LoaderOptions
  readonly #onLoading: (progress: LoadProgress) => void
  #ahead: Promise<Page> | undefined

  constructor(options: LoaderOptions, onLoading: (progress: LoadProgress) => void) {
    this.#options = options
    this.#onLoading = onLoading
  }

  fetch(signal: AbortSignal): Promise<Page> {
    const { device, request } = this.#options
    const page = this.#ahead ?? request(device.syncPoint.value.cursor, signal)
    this.#ahead = undefined
    return page
  }

  async add(page: Page, signal: AbortSignal): Promise<void> {
    const { device, request, acknowledgedBy } = this.#options
    if (page.more) {
      this.#ahead = request(page.cursor, signal)
      this.#ahead.catch(() => undefined) // handled when this page is fetched
    }
    const lastSeq = await acknowledgedBy(page)
    const { tables, clientId } = page
    await device.applyUpdate({ tables, point: pointAt(page, this.#options), lastSeq, clientId })
    this.#onLoading({ rows: device.rowCount, fraction: fractionOf(page) })
  }
}

/** Collects all rows again, so that the old ones stay readable until then. Survives an interrupted pull. */
export class Resnapshot implements PageLoader {
  readonly #options: LoaderOptions
  #collected: { rows: ConfirmedRows; cursor: string } | undefined

  constructor(options: LoaderOptions) {
    this.#options = options
  }

  get isStarted(): boolean {
    return this.#collected !== undefined
  }

  clear(): void {
    this.#collected = undefined
  }

  fetch(signal: AbortSignal): Promise<Page> {
    return this.#options.request(this.#collected?.cursor ?? null, signal)
  }

  async add(page: Page): Promise<void> {
    const { rows } = (this.#collected ??= { rows: new ConfirmedRows(), cursor: page.cursor })
    rows.apply(page.tables)
    this.#collected.cursor = page.cursor
    if (page.more) return
    const { lastSeq, clientId } = page
    const point = pointAt(page, this.#options)
    await this.#options.device.applyUpdate({ tables: {}, whole: rows, point, lastSeq, clientId })
    this.#collected = undefined
  }
}

/** Applies the changes since the device's cursor together, so that it shows a version whole or not at all. */
export class CatchUp implements PageLoader {
  readonly #options: LoaderOptions
  #pages: Page[] = []

  constructor(options: LoaderOptions) {
    this.#options = options
  }

  clear(): void {
    this.#pages = []
  }

  fetch(signal: AbortSignal): Promise<Page> {
    const { device, request } = this.#options
    return request(this.#pages.at(-1)?.cursor ?? device.syncPoint.value.cursor, signal)
  }

  async add(page: Page): Promise<void> {
    this.#pages.push(page)
    if (page.more) return
    const tables = joined(this.#pages.map((one) => one.tables))
    const { lastSeq, clientId } = page
    const point = pointAt(page, this.#options)
    await this.#options.device.applyUpdate({ tables, point, lastSeq, clientId })
  }
}

function pointAt(page: Page, { device, now }: LoaderOptions): SyncPoint {
  const { epoch, version, cursor, more, clockOffsetMs, lastAt } = page
  const asOf = more ? device.syncPoint.value.asOf : now() + clockOffsetMs
  return { cursor, epoch, version, complete: !more, asOf, clockOffsetMs, lastAt }
}

/** How far a first sync has come, from 0 to 1: its rows arrive in the order of their versions. */
function fractionOf({ tables, version, more }: PullAnswer): number {
  if (!more) return 1
  let reached = 0
  for (const kind of KINDS) {
    const table = tables[kind]
    const column = table?.columns.indexOf('version') ?? -1
    const last = table?.rows.at(-1)?.[column]
    if (typeof last === 'number') reached = Math.max(reached, last)
  }
  return version === 0 ? 0 : Math.min(0.99, reached / version)
}

function joined(pages: WireTables[]): WireTables {
  const [first = {}, ...rest] = pages
  const all: WireTables = { ...first }
  for (const page of rest) {
    for (const kind of KINDS) {
      const table = page[kind]
      if (!table) continue
      const known = all[kind]
      all[kind] = known ? { columns: known.columns, rows: [...known.rows, ...table.rows] } : table
    }
  }
  return all
}
