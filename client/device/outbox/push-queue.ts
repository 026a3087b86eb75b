// The outbox as the sync engine sees it: pending mutations in order, the answers to them, and the ones that no request
// can carry. Every change here is followed by a reload, so that memory and the other tabs show what the disk has.
// Keeps D5, D15.
import { signal } from '@preact/signals'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Identity, OutboxEntry } from '../records.ts'
import type { PendingMutations } from '../state/pending-mutations.ts'
import type { StorageRecovery } from '../storage/storage-recovery.ts'
import type { Outbox } from './outbox.ts'

export interface PushQueueOptions {
  outbox: Outbox
  pending: PendingMutations
  recovery: StorageRecovery
  /** Reads the disk again, in this tab and the others. */
  reload: () => Promise<void>
  /** Takes a new client id and renumbers the outbox. */
  renewIdentity: () => Promise<void>
}

export class PushQueue {
  /** Mutations that are too large for the network path. A person decides what becomes of them. */
  readonly skipped = signal<readonly OutboxEntry[]>([])
  /** Rises when there is something to send. */
  readonly requests = signal(0)
  readonly #options: PushQueueOptions

  constructor(options: PushQueueOptions) {
    this.#options = options
  }

  /** The client id and the next seq. Restores the storage first if the browser has deleted it. */
  identity(): Promise<Identity> {
    return this.#options.recovery.persist(() => this.#options.outbox.identity())
  }

  /** Asks the sync engine to send. */
  request(): void {
    this.requests.value++
  }

  /** The oldest pending mutations after a seq that may be sent, in order. */
  after(seq: number, limit: number): Promise<OutboxEntry[]> {
    return this.#options.outbox.after(seq, limit)
  }

  /** The oldest pending mutations in order, including those that cannot be sent yet. */
  oldest(limit: number): Promise<OutboxEntry[]> {
    return this.#options.outbox.oldest(limit)
  }

  /** Returns whether a mutation up to that seq is pending. */
  hasUpTo(seq: number): boolean {
    return this.#options.pending.hasUpTo(seq)
  }

  /** Stores the answers to a push. Accepted mutations leave the outbox later, together with their rows. */
  storeResults(clientId: string, results: readonly PushResult[]): Promise<void> {
    return this.#options.outbox.storeResults(clientId, results)
  }

  /** Skips a mutation that no request can carry, so that it does not block the ones behind it. */
  async skip(mutation: Pick<Envelope, 'seq' | 'id'>): Promise<void> {
    await this.#options.outbox.skip(mutation)
    await this.#options.reload()
  }

  /** Queues the skipped mutations again, because a person asked for it. */
  async retrySkipped(): Promise<void> {
    await this.#options.outbox.retrySkipped()
    await this.#options.reload()
    this.request()
  }

  /**
   * Queues the mutations again that were acknowledged after `lastSeq`, because the server has lost them. Acknowledged
   * mutations are stored for a week; if older ones are missing, the device takes a new client id instead.
   */
  async requeueAfter(lastSeq: number): Promise<void> {
    const isComplete = await this.#options.outbox.requeueAfter(lastSeq)
    await (isComplete ? this.#options.reload() : this.#options.renewIdentity())
  }
}
