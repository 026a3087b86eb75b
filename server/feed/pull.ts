// Pull: the changes since a cursor, in pages, each from one snapshot. A server that lacks commits that the device has seen
// never answers with older data: a replica leaves the answer to the primary, and a primary that lost commits begins a new
// epoch. Keeps U1–U7.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PullAnswer, PullRequest } from '#shared/protocol/wire.ts'
import { PULL_MAX } from '#shared/protocol/limits.ts'
import { KINDS } from '#shared/rows/rows.ts'
import type { Database, Sql } from '../database/database.ts'
import { isSameCommit } from '../events/commit-id.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import type { Cursor, Cursors } from './cursor.ts'
import type { FeedHead, RowPosition } from './feed-store.ts'
import { findPageEnd, readAlongVersions, readHead, readPage, readVersion } from './feed-store.ts'
import type { PagePrefetch } from './page-prefetch.ts'
import type { Viewer } from './viewer.ts'

/** The pause before the next database is asked, if one is behind. */
const BEHIND_WAIT_MS = 200
/** A replica that is down may take seconds to fail. It is skipped for this long, so that not every pull waits for it. */
const REPLICA_PAUSE_MS = 10_000
const PAGE_DEFAULT = 5_000

export interface PullParts {
  primary: Database
  /** Asked first, if there is one. */
  replica?: Database | undefined
  /** True if `primary` is itself a replica. Commits that it lacks are in the primary region and not lost. */
  isReplica?: boolean
  cursors: Cursors
  /** Called if a signed cursor proves that the primary lost commits. Begins a new epoch, if that is true. */
  lostCommits(orgId: string, seen: Cursor): Promise<void>
  now: () => number
  prefetch?: PagePrefetch
}

/** @throws {RequestRefusedError} malformed, epoch_changed, resnapshot, or unavailable if no database is recent enough */
export async function pull(parts: PullParts, viewer: Viewer, request: PullRequest): Promise<PullAnswer> {
  const cursor = request.cursor === null ? undefined : await openCursor(parts, viewer, request.cursor)
  const page = (await parts.prefetch?.get(viewer, request)) ?? (await readAny(parts, viewer, { request, cursor }))
  parts.prefetch?.begin(viewer, { request, page }, async (next) =>
    readAny(parts, viewer, { request: next, cursor: await openCursor(parts, viewer, page.cursor) }),
  )
  return { ...page, serverNow: parts.now() }
}

/** Asks the replica, if there is one, and then the primary, twice. */
async function readAny(parts: PullParts, viewer: Viewer, { request, cursor }: PullInput): Promise<Page> {
  const replica = parts.replica && isPaused(parts.replica) ? undefined : parts.replica
  const attempts = [replica, parts.primary, parts.primary].filter((database) => database !== undefined)
  for (const [index, database] of attempts.entries()) {
    const reading = readPull(database, viewer, { parts, request, cursor })
    const answer = await (database === replica ? unlessDown(database, reading) : reading)
    if (answer) return answer
    if (index < attempts.length - 1) await sleep(BEHIND_WAIT_MS)
  }
  if (cursor) await requireNotLost(parts, viewer, cursor)
  throw new RequestRefusedError('unavailable')
}

/** Replicas that did not answer, and when they are asked again, in ms of the monotonic clock. */
const pausedUntil = new WeakMap<Database, number>()

function isPaused(replica: Database): boolean {
  return performance.now() < (pausedUntil.get(replica) ?? 0)
}

/** Returns undefined if the replica does not answer. The primary is asked then, as if the replica were behind. */
async function unlessDown<T>(replica: Database, reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof RequestRefusedError) throw error
    pausedUntil.set(replica, performance.now() + REPLICA_PAUSE_MS)
    return undefined
  }
}

/** @throws {RequestRefusedError} if a pull cannot continue from the cursor */
export async function openCursor(parts: PullParts, viewer: Viewer, text: string): Promise<Cursor> {
  const cursor = parts.cursors.decode(viewer.orgId, text)
  if (cursor === 'garbage') throw new RequestRefusedError('malformed')
  if (cursor === 'newer') throw new RequestRefusedError('unavailable')
  if (cursor === 'stale') throw new RequestRefusedError('resnapshot')
  if (cursor.role === viewer.role && !cursor.isStale) return cursor
  // A device that resnapshots forgets which commit it has seen, so lost commits are detected now or never.
  await requireNotLost(parts, viewer, cursor)
  throw new RequestRefusedError('resnapshot')
}

/**
 * Requires that the snapshot includes what the device has seen or sent. A replica without it leaves the answer to the
 * primary.
 * @throws {RequestRefusedError} unavailable
 */
export async function requireVersion({ isReplica }: PullParts, sql: Sql, orgId: string, atLeast = 0): Promise<void> {
  if (isReplica && (await readVersion(sql, orgId)) < atLeast) throw new RequestRefusedError('unavailable')
}

/** Whether a database with this head can continue from a cursor. @throws {RequestRefusedError} if none can */
export function holds(head: FeedHead, cursor: Cursor): boolean {
  if (cursor.version > head.version) return false
  if (cursor.version < head.horizon) throw new RequestRefusedError('resnapshot', { lastSeq: head.lastSeq })
  if (cursor.chainHead === '') return true
  const { chainAtCursor, atMsAtCursor } = head
  return chainAtCursor !== null && isSameCommit(cursor, { chainHead: chainAtCursor, atMs: atMsAtCursor! })
}

/** Checks whether the primary lost commits that a cursor has seen. @throws {RequestRefusedError} epoch_changed if it did */
export async function requireNotLost(
  { primary, isReplica, lostCommits }: PullParts,
  viewer: Viewer,
  cursor: Cursor,
): Promise<void> {
  const read = (sql: Sql) => readHead(sql, viewer, { clientId: undefined, cursorVersion: cursor.version })
  const head = await primary.snapshot(viewer.orgId, read)
  if (!head || (head.epoch === cursor.epoch && holds(head, cursor))) return
  if (isReplica) throw new RequestRefusedError('unavailable')
  if (head.epoch === cursor.epoch) await lostCommits(viewer.orgId, cursor)
  throw new RequestRefusedError('epoch_changed', { lastSeq: head.lastSeq })
}

/** An answer without its time. */
export type Page = Omit<PullAnswer, 'serverNow'>

interface PullInput {
  request: PullRequest
  cursor: Cursor | undefined
}

interface ReadInput extends PullInput {
  parts: PullParts
}

/** Returns undefined if this database lacks something that the device has seen. */
function readPull(
  database: Database,
  viewer: Viewer,
  { parts, request, cursor }: ReadInput,
): Promise<Page | undefined> {
  const from: RowPosition = { version: cursor?.version ?? 0, ...(cursor?.within ?? { kind: KINDS.length, key: [] }) }
  if (!cursor) Object.assign(from, { kind: -1 })
  const limit = request.limit ?? PAGE_DEFAULT
  return database.snapshot(viewer.orgId, async (sql) => {
    const [, read, end] = await Promise.all([
      readAlongVersions(sql),
      readHead(sql, viewer, { clientId: request.clientId, cursorVersion: cursor?.version }),
      findPageEnd(sql, viewer, { from, limit: Math.min(limit, PULL_MAX) }),
    ])
    const { atLeast = 0 } = request
    const head = headToAnswerFrom(read, { cursor, atLeast, isPrimary: database === parts.primary })
    if (!head) return undefined
    // Most pulls find nothing new. They do not need to query each table.
    const isUpToDate = from.version === head.version && cursor?.within === undefined
    const tables = isUpToDate ? {} : await readPage(sql, viewer, { from, to: end })
    return {
      epoch: head.epoch,
      version: head.version,
      cursor: parts.cursors.encode(viewer.orgId, cursorAt(head, viewer, end)),
      more: end !== undefined,
      lastSeq: head.lastSeq,
      lastAt: head.lastAt,
      tables,
    }
  })
}

/**
 * The head of a database that has everything the device has seen or sent. Returns undefined if another database has to
 * answer. @throws {RequestRefusedError} if the primary has lost what the device has seen, or if none can continue the cursor
 */
export function headToAnswerFrom(
  head: FeedHead | undefined,
  { cursor, atLeast, isPrimary }: { cursor: Cursor | undefined; atLeast: number; isPrimary: boolean },
): FeedHead | undefined {
  if (!head) {
    if (isPrimary) throw new RequestRefusedError('unauthenticated')
    return undefined // an organisation that was created after the replica's last update
  }
  if (cursor && cursor.epoch !== head.epoch) {
    if (isPrimary) throw new RequestRefusedError('epoch_changed', { lastSeq: head.lastSeq })
    return undefined
  }
  return head.version < atLeast || (cursor && !holds(head, cursor)) ? undefined : head
}

function cursorAt(
  { epoch, version, chainHead, atMs }: FeedHead,
  { role }: Viewer,
  end: RowPosition | undefined,
): Cursor {
  if (!end) return { epoch, version, role, chainHead, atMs: atMs ?? undefined }
  return { epoch, version: end.version, within: { kind: end.kind, key: end.key }, role, chainHead: '' }
}
