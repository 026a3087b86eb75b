// The next page of a long pull, read while its device takes in the one before. A device asks for it a moment later, and
// then has it at once: a first sync of a hundred thousand items takes two thirds of the time.
import type { PullRequest } from '#shared/protocol/wire.ts'
import type { Timer } from './timer.ts'
import { systemTimer } from './timer.ts'
import type { Page } from './pull.ts'
import type { Viewer } from './viewer.ts'

/** Only who asks for so many at once loads everything: whoever follows along asks for less, and rarely goes on. */
const ROWS_MIN = 10_000
/** Each takes some megabytes, and a connection while it is read. */
const PAGES_MAX = 4
/** A device that asks later than this has gone away, or has a long way: its page is older than need be. */
const KEPT_MS = 5_000

export class PagePrefetch {
  readonly #pages = new Map<string, Promise<Page | undefined>>()
  readonly #rowsMin: number
  readonly #alarm: Timer

  constructor({ rowsMin = ROWS_MIN, alarm = systemTimer }: { rowsMin?: number; alarm?: Timer } = {}) {
    this.#rowsMin = rowsMin
    this.#alarm = alarm
  }

  /** Begins to read the page after another, where there is one and it will be asked for. */
  begin(viewer: Viewer, { request, page }: Following, read: (next: PullRequest) => Promise<Page>): void {
    if (!page.more || (request.limit ?? 0) < this.#rowsMin || this.#pages.size >= PAGES_MAX) return
    const next = { ...request, cursor: page.cursor }
    const key = keyOf(viewer, next)
    const following = read(next).catch(() => undefined) // it is read again when it is asked for
    this.#pages.set(key, following)
    this.#alarm(KEPT_MS, () => this.#pages.get(key) === following && this.#pages.delete(key))
  }

  /** The page that was read for this request, once; undefined where there is none that will do. */
  async get(viewer: Viewer, request: PullRequest): Promise<Page | undefined> {
    const key = keyOf(viewer, request)
    const page = await this.#pages.get(key)
    this.#pages.delete(key)
    return page && page.version >= (request.atLeast ?? 0) ? page : undefined
  }
}

interface Following {
  request: PullRequest
  page: Page
}

/** A page is of one person, in one role, on one device. */
function keyOf({ orgId, userId, role }: Viewer, { clientId, cursor, limit }: PullRequest): string {
  return [orgId, userId, role, clientId, cursor, limit].join(' ')
}
