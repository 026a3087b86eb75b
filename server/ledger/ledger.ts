// The ledger: sole writer of synced rows. Exactly once, in one line of versions per organisation. Keeps P1–P8.
import type { Batch, BatchAnswer } from './batch.ts'
import { CommitQueue } from './commit-queue.ts'
import type { CommitParts } from './commit-group.ts'
import { commitGroup } from './commit-group.ts'
import type { CommitNotice } from './commit-notice.ts'

export interface LedgerParts extends CommitParts {
  /** Told of every commit, after it, in the order of this process's commits. */
  publish(notice: CommitNotice): void
}

export class Ledger {
  readonly #queue: CommitQueue

  constructor(parts: LedgerParts) {
    this.#queue = new CommitQueue({
      commit: (orgId, batches) => commitGroup(parts, orgId, batches),
      recordPoison: (orgId, batch) => commitGroup(parts, orgId, [{ ...batch, poisonous: true }]),
      committed: ({ notice }) => {
        if (notice) parts.publish(notice)
      },
    })
  }

  /**
   * Commits a batch. Rejections that are not a `RequestRefused` decided nothing: the sender may send it again.
   * @throws {RequestRefused} where the batch is refused as a whole
   */
  push(orgId: string, batch: Batch): Promise<BatchAnswer> {
    return this.#queue.add(orgId, batch)
  }

  /** Resolves when everything that was pushed is settled. */
  drained(): Promise<void> {
    return this.#queue.drained()
  }
}
