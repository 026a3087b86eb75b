// Changes of synced rows that are not mutations (people, settings, summaries): they go through the ledger's door, take a
// version, are audited, and are told to every device.
import { formatStamp } from '#shared/values/stamp.ts'
import type { Change } from '#shared/working-set/working-set.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'
import type { CommitEvent } from '../../events/commit-event.ts'
import type { Tx } from '../../database/database.ts'
import { chainHead } from './chain.ts'
import { eventsOf, tablesOf } from './commit-events.ts'
import type { CommitOptions } from './commit-group.ts'
import { loadCommitId, lockHead } from '../store/ledger-store.ts'
import { writeCommit } from '../store/ledger-write-store.ts'
import { LogWriter } from './log-writer.ts'

export interface SystemChange {
  action: string
  /** Who did it; absent for the server itself. */
  userId?: string
  /** Makes the changes, given the version that they get. Rows of `members` it writes itself: accounts hold more of them. */
  work(tx: Tx, version: number): Promise<Change[]>
}

/** Undefined where nothing changed: then there is no new version either. */
export function commitSystemChange(
  parts: CommitOptions,
  orgId: string,
  change: SystemChange,
): Promise<CommitEvent | undefined> {
  return parts.database.transaction(orgId, async (tx) => {
    const head = await lockHead(tx.sql, orgId)
    if (!head) throw new Error(`organisation ${orgId} has no head`)
    const before = await loadCommitId(tx.sql, orgId, head.version)
    const version = head.version + 1
    const nowMs = parts.now()
    const changes = await change.work(tx, version)
    if (changes.length === 0) return undefined
    const logs = new LogWriter(head, nowMs)
    const at = formatStamp({ ms: nowMs, counter: 0, device: '00000000' })
    for (const row of changes)
      logs.addAudit({ action: change.action, userId: change.userId ?? null, clientId: null, mutationId: null, at }, row)
    const rows = new Map<Kind, Row<Kind>[]>()
    for (const { kind, after } of changes)
      rows.set(kind, [...(rows.get(kind) ?? []), { ...after, version } as Row<Kind>])
    const written = new Map([...rows].filter(([kind]) => kind !== 'members'))
    const next = { ...head, ...logs.heads(), version }
    const newHead = chainHead(next.logHash, next.auditHash)
    writeCommit(tx, orgId, {
      head: next,
      rows: written,
      lines: logs.flush(),
      tookEffect: [],
      devices: [],
      commit: { atMs: nowMs, head: newHead },
    })
    const tables = tablesOf(rows)
    return {
      orgId,
      epoch: head.epoch,
      from: head.version,
      to: version,
      chainHead: newHead,
      atMs: nowMs,
      chainBefore: chainHead(head.logHash, head.auditHash),
      ...(before?.atMs !== undefined && { atMsBefore: before.atMs }),
      events: eventsOf(changes),
      ...(tables && { tables }),
      lastSeqs: {},
    }
  })
}
