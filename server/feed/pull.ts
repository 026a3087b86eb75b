// Pull: what changed since a cursor, a page at a time, each page from one snapshot. Keeps U1–U6.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PullAnswer, PullRequest } from '#shared/protocol/wire.ts'
import { PULL_MAX } from '#shared/protocol/wire.ts'
import { KINDS } from '#shared/rows/rows.ts'
import type { RequestRefusal } from '#shared/values/refusals.ts'
import type { Database } from '../database/database.ts'
import type { Cursor } from './cursor.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'
import type { FeedHead, Place } from './feed-store.ts'
import { findPageEnd, readHead, readPage } from './feed-store.ts'
import type { Viewer } from './viewer.ts'

/** How long a replica that is behind may wait before another server is asked. */
const BEHIND_WAIT_MS = 200
const PAGE_DEFAULT = 5_000

export class PullRefused extends Error {
  readonly refusal: RequestRefusal
  readonly lastSeq: number | undefined
  constructor(refusal: RequestRefusal, lastSeq?: number) {
    super(refusal)
    this.refusal = refusal
    this.lastSeq = lastSeq
  }
}

/** @throws {PullRefused} malformed, epoch_changed, resnapshot, or unavailable where this server is behind the device */
export async function pull(
  database: Database,
  viewer: Viewer,
  request: PullRequest & { now: () => number },
): Promise<PullAnswer> {
  const cursor = request.cursor === null ? undefined : decodeCursor(request.cursor)
  if (cursor === 'garbage') throw new PullRefused('malformed')
  if (cursor === 'stale' || (cursor && cursor.role !== viewer.role)) throw new PullRefused('resnapshot')
  const answer = await readPull(database, viewer, { request, cursor })
  if (answer) return answer
  await sleep(BEHIND_WAIT_MS)
  const second = await readPull(database, viewer, { request, cursor })
  if (second) return second
  throw new PullRefused('unavailable')
}

interface Reading {
  request: PullRequest & { now: () => number }
  cursor: Cursor | undefined
}

/** Undefined where this server does not hold what the device has seen already. */
async function readPull(
  database: Database,
  viewer: Viewer,
  { request, cursor }: Reading,
): Promise<PullAnswer | undefined> {
  const from: Place = { version: cursor?.version ?? 0, ...(cursor?.within ?? { kind: KINDS.length, key: [] }) }
  if (!cursor) Object.assign(from, { kind: -1 })
  const limit = request.limit ?? PAGE_DEFAULT
  return database.snapshot(viewer.orgId, async (sql) => {
    const [head, end] = await Promise.all([
      readHead(sql, viewer, request.clientId),
      findPageEnd(sql, viewer, { from, limit: Math.min(limit, PULL_MAX) }),
    ])
    if (!head) throw new PullRefused('unauthenticated')
    if (cursor && cursor.epoch !== head.epoch) throw new PullRefused('epoch_changed', head.lastSeq)
    if (head.version < Math.max(cursor?.version ?? 0, request.atLeast ?? 0)) return undefined
    const tables = await readPage(sql, viewer, { from, to: end })
    return {
      epoch: head.epoch,
      version: head.version,
      cursor: encodeCursor(cursorAt(head, viewer, end)),
      more: end !== undefined,
      lastSeq: head.lastSeq,
      lastAt: head.lastAt,
      serverNow: request.now(),
      tables,
    }
  })
}

function cursorAt({ epoch, version, chainHead }: FeedHead, { role }: Viewer, end: Place | undefined): Cursor {
  if (!end) return { epoch, version, role, chainHead }
  return { epoch, version: end.version, within: { kind: end.kind, key: end.key }, role, chainHead: '' }
}
