// Wakes what waits for something that is there already: because more waited than one group decides with what it brings, or
// because deciding it had to be kept apart from what brought it. Keeps M5.
import type { Database } from '../../database/database.ts'
import type { Batch, BatchAnswer } from '../commit/batch.ts'
import { blockedBatch } from '../commit/batch.ts'
import { readBlocked } from '../store/housekeeping-store.ts'

/** Decided in one transaction, between those of people who are at work: more would make them wait. */
const PORTION = 500
const BEFORE_ALL = { at: '', id: '00000000-0000-0000-0000-000000000000' }

export interface BlockedMutationsOptions {
  database: Database
  decide(orgId: string, batch: Batch): Promise<BatchAnswer>
}

/** What came, for which something may wait; or anything may. */
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

  /** Resolves when nothing waits any more for `keys`, nor for what followed from them; without keys, for anything. */
  retry(orgId: string, keys?: readonly string[]): Promise<void> {
    const due = this.#due.get(orgId) ?? { keys: new Set(), isAll: false }
    this.#due.set(orgId, due)
    if (!keys) due.isAll = true
    for (const key of keys ?? []) due.keys.add(key)
    const running = this.#running.get(orgId) ?? this.#run(orgId)
    this.#running.set(orgId, running)
    return running
  }

  /** What is not woken now is woken by the housekeeping of whoever runs next. */
  async drained(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  async #run(orgId: string): Promise<void> {
    await Promise.resolve() // so that it is known to run before it ends
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

  /** Tries what waits once, first things first. What some of it brings in turn is due then: each commit tells. */
  async #pass(orgId: string, due: Due): Promise<void> {
    const keys = due.isAll ? undefined : [...due.keys]
    let after = BEFORE_ALL
    for (;;) {
      const [first, ...rest] = await readBlocked(this.#parts.database, orgId, { after, limit: PORTION, keys })
      if (!first) return
      await this.#parts.decide(orgId, blockedBatch([first, ...rest]))
      after = rest.at(-1) ?? first
    }
  }
}
