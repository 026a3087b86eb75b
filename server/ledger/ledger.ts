// The ledger: sole writer of synced rows. Exactly once, in one line of versions per organisation. Keeps P1–P8.
import type { CommitNotice } from '../events/commit-event.ts'
import { refuse } from '#shared/values/refusals.ts'
import type { Batch, BatchAnswer, SentBatch } from './commit/batch.ts'
import { prepareBatch } from './commit/batch.ts'
import { CommitQueue } from './commit/commit-queue.ts'
import type { CommitParts } from './commit/commit-group.ts'
import { commitGroup } from './commit/commit-group.ts'
import type { NewEpoch } from './commit/new-epoch.ts'
import { commitNewEpoch } from './commit/new-epoch.ts'
import type { OwnChange } from './commit/system-change.ts'
import { commitOwnChange } from './commit/system-change.ts'
import { Waker } from './blocked/blocked-mutations.ts'

export interface LedgerParts extends CommitParts {
  /** Told of every commit, after it, in the order of this process's commits. */
  publish(notice: CommitNotice): void
  /** Told how long each commit took, ms. */
  tookMs?: (ms: number) => void
}

export class Ledger {
  readonly #parts: LedgerParts
  readonly #queue: CommitQueue
  readonly #waker: Waker

  constructor(parts: LedgerParts) {
    this.#parts = parts
    this.#queue = new CommitQueue({
      commit: (orgId, batches) => this.#timed(() => commitGroup(parts, orgId, batches)),
      recordPoison: (orgId, batch) => commitGroup(parts, orgId, [asPoison(batch)]),
      committed: (orgId, { notice, left }) => {
        if (notice) parts.publish(notice)
        if (left.length > 0) this.#waker.wake(orgId, left).catch(() => undefined) // the housekeeping does it again
      },
    })
    this.#waker = new Waker({
      database: parts.database,
      decide: (orgId, batch) => this.#queue.add(orgId, batch),
    })
  }

  /**
   * Commits a batch. Rejections that are not a `RequestRefused` decided nothing: the sender may send it again.
   * @throws {RequestRefused} where the batch is refused as a whole
   */
  push(orgId: string, batch: SentBatch): Promise<BatchAnswer> {
    return this.#queue.add(orgId, prepareBatch(batch))
  }

  /** Decides again whatever waits for something that is there by now. */
  wake(orgId: string): Promise<void> {
    return this.#waker.wake(orgId)
  }

  /** Changes rows that are not changed by mutations. */
  async change(orgId: string, change: OwnChange): Promise<void> {
    const notice = await commitOwnChange(this.#parts, orgId, change)
    if (notice) this.#parts.publish(notice)
  }

  /** Begins a new epoch: after a restore, or where the database lost what a device has seen. */
  async beginEpoch(orgId: string, reason: NewEpoch): Promise<void> {
    const notice = await commitNewEpoch(this.#parts, orgId, reason)
    if (notice) this.#parts.publish(notice)
  }

  async #timed<T>(commit: () => Promise<T>): Promise<T> {
    const begun = performance.now()
    const result = await commit()
    this.#parts.tookMs?.(performance.now() - begun)
    return result
  }

  /** Resolves when everything that was pushed is settled. */
  async drained(): Promise<void> {
    await this.#queue.drained()
    await this.#waker.ended()
  }
}

/** Mutations that the database could not take: they are recorded as refused instead of being decided. */
function asPoison(batch: Batch): Batch {
  const prepared = refuse('internal_error')
  return { ...batch, mutations: batch.mutations.map((mutation) => ({ ...mutation, prepared })) }
}
