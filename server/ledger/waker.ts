// Wakes what waits for something that is there already: because more waited than one group decides with what it brings, or
// because deciding it had to be kept apart from what brought it. Keeps M5.
import type { Database } from '../database/database.ts'
import type { Batch, BatchAnswer } from './batch.ts'
import { waitingBatch } from './batch.ts'
import { readWaiting } from './housekeeping-store.ts'

/** Decided in one transaction, between those of people who are at work: more would make them wait. */
const PORTION = 500
const BEFORE_ALL = { at: '', id: '00000000-0000-0000-0000-000000000000' }

export interface WakerParts {
  database: Database
  decide(orgId: string, batch: Batch): Promise<BatchAnswer>
}

export class Waker {
  readonly #parts: WakerParts
  readonly #due = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(parts: WakerParts) {
    this.#parts = parts
  }

  /** Resolves when nothing waits any more for what is there now. */
  wake(orgId: string): Promise<void> {
    this.#due.add(orgId)
    const running = this.#running.get(orgId) ?? this.#run(orgId)
    this.#running.set(orgId, running)
    return running
  }

  async ended(): Promise<void> {
    await Promise.allSettled(this.#running.values())
  }

  async #run(orgId: string): Promise<void> {
    await Promise.resolve() // so that it is known to run before it ends
    try {
      while (this.#due.delete(orgId)) while (await this.#pass(orgId));
    } finally {
      this.#running.delete(orgId)
    }
  }

  /** Tries everything that waits once, first things first. True where some of it took effect: more may follow from it. */
  async #pass(orgId: string): Promise<boolean> {
    let tookEffect = false
    let after = BEFORE_ALL
    for (;;) {
      const [first, ...rest] = await readWaiting(this.#parts.database, orgId, { after, limit: PORTION })
      if (!first) return tookEffect
      const { results } = await this.#parts.decide(orgId, waitingBatch([first, ...rest]))
      if (results.some(({ status }) => status !== 'refused')) tookEffect = true
      after = rest.at(-1) ?? first
    }
  }
}
