// A new epoch: this history is not the one that devices have seen. Each device sends its last week again. Keeps U7.
import type { CommitEvent } from '../../events/commit-event.ts'
import type { CommitId } from '../../events/commit-id.ts'
import { isSameCommit } from '../../events/commit-id.ts'
import { Commit } from './commit.ts'
import type { CommitOptions } from './commit-group.ts'
import { loadCommitId } from '../store/head-store.ts'

export interface NewEpoch {
  /** The commit that a device has seen. The epoch begins only if that commit is lost. Without it, it always begins. */
  lost?: { epoch: number; version: number } & CommitId
}

/** Returns undefined if nothing was lost, or if another request already began the new epoch. */
export function commitNewEpoch(
  { database, now }: CommitOptions,
  orgId: string,
  { lost }: NewEpoch,
): Promise<CommitEvent | undefined> {
  return database.transaction(orgId, async (tx) => {
    const commit = await Commit.open(tx, orgId, now)
    const { head, nowMs } = commit
    if (lost) {
      const stored = await loadCommitId(tx.sql, orgId, lost.version)
      const isStored = lost.version <= head.version && stored !== undefined && isSameCommit(stored, lost)
      if (lost.epoch !== head.epoch || isStored) return undefined
    }
    const epoch = Math.max(nowMs, head.epoch + 1)
    const setting = (value: number) => ({ id: 'epoch', value, version: 0 })
    commit.addAudit(
      { action: lost ? 'epoch.lost_commits' : 'epoch.restored' },
      { kind: 'settings', key: 'epoch', before: setting(head.epoch), after: setting(epoch) },
    )
    return commit.closeWithEpoch(epoch)
  })
}
