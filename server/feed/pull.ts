// Pull: what changed since a cursor, a page at a time, each page from one snapshot. A server that does not hold what the
// device has seen never answers with the past: a replica gives way to the primary, and a primary that lost commits
// begins a new epoch. Keeps U1–U7.
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

/** How long a server that is behind may wait before another is asked. */
const BEHIND_WAIT_MS = 200
/** A replica that does not answer may take seconds to say so: not every pull waits for that. */
const REST_MS = 10_000
const PAGE_DEFAULT = 5_000

export interface PullParts {
  primary: Database
  /** Asked first, where there is one. */
  replica?: Database | undefined
  /** `primary` is a replica itself: what it does not hold is in the primary region, and nothing was lost. */
  isReplica?: boolean
  cursors: Cursors
  /** A signed cursor tells of commits that the primary does not hold: where that is so, a new epoch begins. */
  lostCommits(orgId: string, seen: Cursor): Promise<void>
  now: () => number
  ahead?: PagePrefetch
}

/** @throws {RequestRefusedError} malformed, epoch_changed, resnapshot, or unavailable where no server holds enough to answer */
export async function pull(parts: PullParts, viewer: Viewer, request: PullRequest): Promise<PullAnswer> {
  const cursor = request.cursor === null ? undefined : await openCursor(parts, viewer, request.cursor)
  const page = (await parts.ahead?.get(viewer, request)) ?? (await ask(parts, viewer, { request, cursor }))
  parts.ahead?.begin(viewer, { request, page }, async (next) =>
    ask(parts, viewer, { request: next, cursor: await openCursor(parts, viewer, page.cursor) }),
  )
  return { ...page, serverNow: parts.now() }
}

/** Asks a replica, where there is one, and then the primary. */
async function ask(parts: PullParts, viewer: Viewer, { request, cursor }: Asking): Promise<Page> {
  const replica = parts.replica && isResting(parts.replica) ? undefined : parts.replica
  const attempts = [replica, parts.primary, parts.primary].filter((database) => database !== undefined)
  for (const [index, database] of attempts.entries()) {
    const reading = readPull(database, viewer, { parts, request, cursor })
    const answer = await (database === replica ? unlessAway(database, reading) : reading)
    if (answer) return answer
    if (index < attempts.length - 1) await sleep(BEHIND_WAIT_MS)
  }
  if (cursor) await findLost(parts, viewer, cursor)
  throw new RequestRefusedError('unavailable')
}

/** Replicas that did not answer, and when they are asked again (of a clock that never jumps). */
const resting = new WeakMap<Database, number>()

function isResting(replica: Database): boolean {
  return performance.now() < (resting.get(replica) ?? 0)
}

/** A replica that does not answer gives way to the primary, as one that is behind does. */
async function unlessAway<T>(replica: Database, reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof RequestRefusedError) throw error
    resting.set(replica, performance.now() + REST_MS)
    return undefined
  }
}

/** @throws {RequestRefusedError} where the cursor is not one to go on from */
export async function openCursor(parts: PullParts, viewer: Viewer, text: string): Promise<Cursor> {
  const cursor = parts.cursors.decode(viewer.orgId, text)
  if (cursor === 'garbage') throw new RequestRefusedError('malformed')
  if (cursor === 'newer') throw new RequestRefusedError('unavailable')
  if (cursor === 'stale') throw new RequestRefusedError('resnapshot')
  if (cursor.role === viewer.role && !cursor.isStale) return cursor
  // Whoever begins anew forgets what they have seen: it is asked now, or nobody would know of what was lost.
  await findLost(parts, viewer, cursor)
  throw new RequestRefusedError('resnapshot')
}

/**
 * What a device has seen, or sent itself, is in every answer: a replica without it leaves the answer to the primary.
 * @throws {RequestRefusedError} unavailable
 */
export async function requireVersion({ isReplica }: PullParts, sql: Sql, orgId: string, atLeast = 0): Promise<void> {
  if (isReplica && (await readVersion(sql, orgId)) < atLeast) throw new RequestRefusedError('unavailable')
}

/** Says whether a server can go on from a cursor. @throws {RequestRefusedError} where nobody can */
export function holds(head: FeedHead, cursor: Cursor): boolean {
  if (cursor.version > head.version) return false
  if (cursor.version < head.horizon) throw new RequestRefusedError('resnapshot', { lastSeq: head.lastSeq })
  if (cursor.chainHead === '') return true
  const { chainAtCursor, atMsAtCursor } = head
  return chainAtCursor !== null && isSameCommit(cursor, { chainHead: chainAtCursor, atMs: atMsAtCursor! })
}

/** Asks the primary whether it lost what a cursor has seen. @throws {RequestRefusedError} epoch_changed where it did */
export async function findLost(
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

/** An answer but for the time at which it is given. */
export type Page = Omit<PullAnswer, 'serverNow'>

interface Asking {
  request: PullRequest
  cursor: Cursor | undefined
}

interface Reading extends Asking {
  parts: PullParts
}

/** Undefined where this server does not hold what the device has seen already. */
function readPull(database: Database, viewer: Viewer, { parts, request, cursor }: Reading): Promise<Page | undefined> {
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
    // Most pulls find that there is nothing new: they need not look into each table.
    const isThere = from.version === head.version && cursor?.within === undefined
    const tables = isThere ? {} : await readPage(sql, viewer, { from, to: end })
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
