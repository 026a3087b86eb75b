// The ledger: the only writer of synced rows. Each mutation takes effect exactly once, and each organisation has one sequence
// of versions. Keeps P1–P8.
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
  /** Called after every commit, in the order of this process's commits. */
  publish(event: CommitEvent): void
  /** Called with the duration of each commit, ms. */
  tookMs?: (ms: number) => void
}

export class Ledger {
  readonly #parts: LedgerOptions
  readonly #queue: CommitQueue
  readonly #blockedMutations: BlockedMutations

  constructor(parts: LedgerOptions) {
    this.#parts = parts
    this.#queue = new CommitQueue({
      commit: (orgId, batches) => this.#timed(() => commitGroup(parts, orgId, batches)),
      recordPoison: (orgId, batch) => commitGroup(parts, orgId, [asPoison(batch)]),
      committed: (orgId, { event, createdKeys }) => {
        if (event) parts.publish(event)
        // If this fails, the housekeeping job retries.
        if (createdKeys.length > 0) this.#blockedMutations.retry(orgId, createdKeys).catch(() => undefined)
      },
    })
    this.#blockedMutations = new BlockedMutations({
      database: parts.database,
      decide: (orgId, batch) => this.#queue.add(orgId, batch),
    })
  }

  /**
   * Commits a batch. After any other error than the one below nothing was decided, so the sender may send the batch again.
   * @throws {RequestRefusedError} if the batch is refused as a whole
   */
  push(orgId: string, batch: ReceivedBatch): Promise<BatchAnswer> {
    return this.#queue.add(orgId, prepareBatch(batch))
  }

  /** Decides the blocked mutations whose missing rows exist by now. */
  retryBlocked(orgId: string): Promise<void> {
    return this.#blockedMutations.retry(orgId)
  }

  /** Commits a change that is not a mutation. */
  async change(orgId: string, change: SystemChange): Promise<void> {
    const event = await commitSystemChange(this.#parts, orgId, change)
    if (event) this.#parts.publish(event)
  }

  /** Begins a new epoch, after a restore or if the database lost commits that a device has seen. */
  async beginEpoch(orgId: string, reason: NewEpoch): Promise<void> {
    const event = await commitNewEpoch(this.#parts, orgId, reason)
    if (event) this.#parts.publish(event)
  }

  async #timed<T>(commit: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    const result = await commit()
    this.#parts.tookMs?.(performance.now() - startedAt)
    return result
  }

  /** Resolves when every batch that was pushed is committed or has failed. */
  async drained(): Promise<void> {
    await this.#queue.drained()
    await this.#blockedMutations.drained()
  }
}

/** A batch whose mutations are recorded as refused instead of being decided, because the database rejects them. */
function asPoison(batch: Batch): Batch {
  const prepared = refuse('internal_error')
  return { ...batch, mutations: batch.mutations.map((mutation) => ({ ...mutation, prepared })) }
}
