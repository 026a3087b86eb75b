// Retries blocked mutations whose missing rows exist already. They were not decided in the commit that created the rows
// because there were too many, or because one of them made that commit fail. Keeps M5.
import type { Database } from '../../database/database.ts'
import type { Batch, BatchAnswer } from '../commit/batch.ts'
import { blockedBatch } from '../commit/batch.ts'
import { readBlocked } from '../store/housekeeping-store.ts'

/** The number of mutations per transaction. With more, people at work would wait for it. */
const PAGE_SIZE = 500
const BEFORE_FIRST = { at: '', id: '00000000-0000-0000-0000-000000000000' }

export interface BlockedMutationsOptions {
  database: Database
  decide(orgId: string, batch: Batch): Promise<BatchAnswer>
}

/** The keys whose blocked mutations have to be retried, or all blocked mutations. */
interface Due {
  keys: Set<string>
  isAll: boolean
}

export class BlockedMutations {
  readonly #parts: BlockedMutationsOptions
  readonly #due = new Map<string, Due>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(parts: BlockedMutationsOptions) {
    this.#parts = parts
  }

  /** Retries the mutations that need `keys`, or all without `keys`. Resolves when these and those they unblock are decided. */
  retry(orgId: string, keys?: readonly string[]): Promise<void> {
    const due = this.#due.get(orgId) ?? { keys: new Set(), isAll: false }
    this.#due.set(orgId, due)
    if (!keys) due.isAll = true
    for (const key of keys ?? []) due.keys.add(key)
    const running = this.#running.get(orgId) ?? this.#run(orgId)
    this.#running.set(orgId, running)
    return running
  }

  /** Resolves when the running retries have ended. The housekeeping job of the next server does the rest. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  async #run(orgId: string): Promise<void> {
    await Promise.resolve() // `retry` must store this promise before it can end
    try {
      for (let due = this.#dequeue(orgId); due; due = this.#dequeue(orgId)) await this.#pass(orgId, due)
    } finally {
      this.#running.delete(orgId)
    }
  }

  #dequeue(orgId: string): Due | undefined {
    const due = this.#due.get(orgId)
    this.#due.delete(orgId)
    return due
  }

  /** Tries each mutation once, in the order of their stamps. A commit that unblocks more adds their keys to the due ones. */
  async #pass(orgId: string, due: Due): Promise<void> {
    const keys = due.isAll ? undefined : [...due.keys]
    let after = BEFORE_FIRST
    for (;;) {
      const [first, ...rest] = await readBlocked(this.#parts.database, orgId, { after, limit: PAGE_SIZE, keys })
      if (!first) return
      await this.#parts.decide(orgId, blockedBatch([first, ...rest]))
      after = rest.at(-1) ?? first
    }
  }
}
