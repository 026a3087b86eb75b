// A new epoch: this history is not the one that devices have seen. Each of them sends its last week again. Keeps U7.
import { formatStamp } from '#shared/values/stamp.ts'
import type { CommitEvent } from '../../events/commit-event.ts'
import type { CommitId } from '../../events/commit-id.ts'
import { isSameCommit } from '../../events/commit-id.ts'
import { chainHead } from './chain.ts'
import type { CommitOptions } from './commit-group.ts'
import { loadCommitId, lockHead } from '../store/ledger-store.ts'
import { writeCommit } from '../store/ledger-write-store.ts'
import { LogWriter } from './log-writer.ts'

export interface NewEpoch {
  /** What a device has seen: the epoch begins only if that is lost. Without it, it begins in any case. */
  lost?: { epoch: number; version: number } & CommitId
}

/** Undefined where nothing was lost, or where somebody else began the new epoch. */
export function commitNewEpoch(
  parts: CommitOptions,
  orgId: string,
  { lost }: NewEpoch,
): Promise<CommitEvent | undefined> {
  return parts.database.transaction(orgId, async (tx) => {
    const head = await lockHead(tx.sql, orgId)
    if (!head) throw new Error(`organisation ${orgId} has no head`)
    if (lost) {
      const held = await loadCommitId(tx.sql, orgId, lost.version)
      const isHeld = lost.version <= head.version && held !== undefined && isSameCommit(held, lost)
      if (lost.epoch !== head.epoch || isHeld) return undefined
    }
    const nowMs = parts.now()
    const epoch = Math.max(nowMs, head.epoch + 1)
    const logs = new LogWriter(head, nowMs)
    const at = formatStamp({ ms: nowMs, counter: 0, device: '00000000' })
    const setting = (value: number) => ({ id: 'epoch', value, version: 0 })
    logs.addAudit(
      { action: lost ? 'epoch.lost_commits' : 'epoch.restored', userId: null, clientId: null, mutationId: null, at },
      { kind: 'settings', key: 'epoch', before: setting(head.epoch), after: setting(epoch) },
    )
    const next = { ...head, ...logs.heads(), epoch, version: head.version + 1 }
    const newHead = chainHead(next.logHash, next.auditHash)
    writeCommit(tx, orgId, {
      head: next,
      rows: new Map(),
      lines: logs.flush(),
      tookEffect: [],
      devices: [],
      commit: { atMs: nowMs, head: newHead },
    })
    return {
      orgId,
      epoch,
      from: next.version,
      to: next.version,
      chainHead: newHead,
      atMs: nowMs,
      events: [{ type: 'epoch_changed' }],
      lastSeqs: {},
    }
  })
}
