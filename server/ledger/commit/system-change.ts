// Changes of synced rows that are not mutations (people, settings, summaries). They take a version, are audited and reach
// every device, like mutations.
import type { Change } from '#shared/working-set/working-set.ts'
import type { CommitEvent } from '../../events/commit-event.ts'
import type { Tx } from '../../database/database.ts'
import { Commit } from './commit.ts'
import type { CommitOptions } from './commit-group.ts'
import { loadCommitId } from '../store/head-store.ts'

export interface SystemChange {
  action: string
  /** The person who made the change. Absent if the server itself made it. */
  userId?: string
  /** Makes the changes, given the version that they get. It must write rows of `members` itself. */
  work(tx: Tx, version: number): Promise<Change[]>
}

/** Returns undefined if nothing changed. Then there is no new version either. */
export function commitSystemChange(
  { database, now }: CommitOptions,
  orgId: string,
  { action, userId, work }: SystemChange,
): Promise<CommitEvent | undefined> {
  return database.transaction(orgId, async (tx) => {
    const commit = await Commit.open(tx, orgId, now)
    const before = await loadCommitId(tx.sql, orgId, commit.head.version)
    const changes = await work(tx, commit.version)
    if (changes.length === 0) return undefined
    for (const change of changes) commit.addAudit({ action, userId }, change)
    return commit.close({ changes, atMsBefore: before?.atMs })
  })
}
