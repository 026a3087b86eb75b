// The ledger: sole writer of synced rows. Exactly once, in one line of versions per organisation. Keeps P1–P8.
import type { CommitEvent } from '../events/commit-event.ts'
import { refuse } from '#shared/values/refuse.ts'
import type { Batch, BatchAnswer, ReceivedBatch } from './commit/batch.ts'
import { prepareBatch } from './commit/batch.ts'
import { CommitQueue } from './commit/commit-queue.ts'
import type { CommitOptions } from './commit/commit-group.ts'
import { commitGroup } from './commit/commit-group.ts'
import type { NewEpoch } from './commit/new-epoch.ts'
import { commitNewEpoch } from './commit/new-epoch.ts'
import type { SystemChange } from './commit/system-change.ts'
import { commitSystemChange } from './commit/system-change.ts'
import { BlockedMutations } from './blocked/blocked-mutations.ts'

export interface LedgerOptions extends CommitOptions {
  /** Told of every commit, after it, in the order of this process's commits. */
  publish(event: CommitEvent): void
  /** Told how long each commit took, ms. */
  tookMs?: (ms: number) => void
}

export class Ledger {
  readonly #parts: LedgerOptions
  readonly #queue: CommitQueue
  readonly #waker: BlockedMutations

  constructor(parts: LedgerOptions) {
    this.#parts = parts
    this.#queue = new CommitQueue({
      commit: (orgId, batches) => this.#timed(() => commitGroup(parts, orgId, batches)),
      recordPoison: (orgId, batch) => commitGroup(parts, orgId, [asPoison(batch)]),
      committed: (orgId, { notice: event, left }) => {
        if (event) parts.publish(event)
        if (left.length > 0) this.#waker.retry(orgId, left).catch(() => undefined) // the housekeeping does it again
      },
    })
    this.#waker = new BlockedMutations({
      database: parts.database,
      decide: (orgId, batch) => this.#queue.add(orgId, batch),
    })
  }

  /**
   * Commits a batch. Rejections that are not a `RequestRefused` decided nothing: the sender may send it again.
   * @throws {RequestRefused} where the batch is refused as a whole
   */
  push(orgId: string, batch: ReceivedBatch): Promise<BatchAnswer> {
    return this.#queue.add(orgId, prepareBatch(batch))
  }

  /** Decides again whatever waits for something that is there by now. */
  retryBlocked(orgId: string): Promise<void> {
    return this.#waker.retry(orgId)
  }

  /** Changes rows that are not changed by mutations. */
  async change(orgId: string, change: SystemChange): Promise<void> {
    const event = await commitSystemChange(this.#parts, orgId, change)
    if (event) this.#parts.publish(event)
  }

  /** Begins a new epoch: after a restore, or where the database lost what a device has seen. */
  async beginEpoch(orgId: string, reason: NewEpoch): Promise<void> {
    const event = await commitNewEpoch(this.#parts, orgId, reason)
    if (event) this.#parts.publish(event)
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
    await this.#waker.drained()
  }
}

/** Mutations that the database could not take: they are recorded as refused instead of being decided. */
function asPoison(batch: Batch): Batch {
  const prepared = refuse('internal_error')
  return { ...batch, mutations: batch.mutations.map((mutation) => ({ ...mutation, prepared })) }
}
