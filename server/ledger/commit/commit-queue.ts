// One line of commits per organisation: batches that arrive while one is under way form the next group. A group that
// fails is taken apart until only what is poisonous fails. Keeps P8.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch, BatchAnswer } from './batch.ts'
import { RequestRefusedError } from './batch.ts'
import { type CommitResult, isRetryFailure } from './commit-group.ts'

/** More mutations in one transaction would make everybody behind it wait longer than a person notices. */
const GROUP_MAX_MUTATIONS = 2_000
/** A serialization failure or a broken connection passes; after this many it is for the sender to try again. */
const ATTEMPTS = 4
const RETRY_DELAY_MS = 50

interface Waiting {
  batch: Batch
  resolve(answer: BatchAnswer): void
  reject(error: unknown): void
}

export interface CommitQueueOptions {
  commit(orgId: string, batches: readonly Batch[]): Promise<CommitResult>
  /** Told of every commit, after it. */
  committed(orgId: string, result: CommitResult): void
  /** Records a mutation that the database cannot take, as a refusal. */
  recordPoison(orgId: string, batch: Batch): Promise<CommitResult>
}

export class CommitQueue {
  readonly #parts: CommitQueueOptions
  readonly #waiting = new Map<string, Waiting[]>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(parts: CommitQueueOptions) {
    this.#parts = parts
  }

  /** Resolves once the batch is committed. @throws {RequestRefusedError} where it is refused as a whole. */
  add(orgId: string, batch: Batch): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(orgId)
      if (waiting) waiting.push({ batch, resolve, reject })
      else this.#waiting.set(orgId, [{ batch, resolve, reject }])
      if (!this.#running.has(orgId)) this.#running.set(orgId, this.#run(orgId))
    })
  }

  /** Resolves when all that was added is settled. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async #run(orgId: string): Promise<void> {
    for (let group = this.#dequeue(orgId); group.length > 0; group = this.#dequeue(orgId))
      await this.#commitGroup(orgId, group)
    this.#running.delete(orgId)
  }

  #dequeue(orgId: string): Waiting[] {
    const waiting = this.#waiting.get(orgId) ?? []
    let size = 0
    let count = 0
    for (const { batch } of waiting) {
      size += batch.mutations.length
      if (count > 0 && size > GROUP_MAX_MUTATIONS) break
      count += 1
    }
    const group = waiting.splice(0, count)
    if (waiting.length === 0) this.#waiting.delete(orgId)
    return group
  }

  async #commitGroup(orgId: string, group: Waiting[]): Promise<void> {
    try {
      const { answers } = await this.#commit(
        orgId,
        group.map(({ batch }) => batch),
      )
      group.forEach(({ resolve, reject }, index) => {
        const answer = answers[index]!
        if (answer instanceof RequestRefusedError) reject(answer)
        else resolve(answer)
      })
    } catch (error) {
      if (!isDataError(error)) for (const { reject } of group) reject(error)
      else if (group.length > 1) for (const one of group) await this.#commitGroup(orgId, [one])
      else await this.#retryBatch(orgId, group[0]!, error)
    }
  }

  /** Commits a batch that failed as a whole by halves, so that its poison harms only itself. */
  async #retryBatch(orgId: string, { batch, resolve, reject }: Waiting, error: unknown): Promise<void> {
    try {
      resolve(await this.#byHalves(orgId, batch, error))
    } catch (failure) {
      reject(failure)
    }
  }

  async #byHalves(orgId: string, batch: Batch, error: unknown): Promise<BatchAnswer> {
    const { mutations } = batch
    if (mutations.length === 1) return this.#alone(orgId, batch, error)
    const middle = Math.ceil(mutations.length / 2)
    const first = await this.#half(orgId, { ...batch, mutations: mutations.slice(0, middle) })
    const second = await this.#half(orgId, { ...batch, mutations: mutations.slice(middle) })
    return { ...second, results: [...first.results, ...second.results] }
  }

  /** One that failed alone may have failed for what it woke: then only that is poisonous, and decided later, apart. */
  async #alone(orgId: string, batch: Batch, error: unknown): Promise<BatchAnswer> {
    try {
      if (isRetryFailure(error)) return answered(await this.#commit(orgId, [{ ...batch, isApart: true }]))
    } catch (own) {
      if (!isDataError(own)) throw own
    }
    return answered(await this.#notifyAfter(orgId, this.#parts.recordPoison(orgId, { ...batch, isApart: true })))
  }

  async #half(orgId: string, batch: Batch): Promise<BatchAnswer> {
    try {
      return answered(await this.#commit(orgId, [batch]))
    } catch (error) {
      if (!isDataError(error)) throw error
      return this.#byHalves(orgId, batch, error)
    }
  }

  async #commit(orgId: string, batches: Batch[]): Promise<CommitResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#notifyAfter(orgId, this.#parts.commit(orgId, batches))
      } catch (error) {
        if (!isPassing(error) || attempt === ATTEMPTS) throw error
        await sleep(RETRY_DELAY_MS * attempt)
      }
    }
  }

  async #notifyAfter(orgId: string, commit: Promise<CommitResult>): Promise<CommitResult> {
    const result = await commit
    this.#parts.committed(orgId, result)
    return result
  }
}

function answered({ answers: [answer] }: CommitResult): BatchAnswer {
  if (answer instanceof RequestRefusedError) throw answer
  return answer!
}

/** SQLSTATE 22 (data), 23 (integrity) and 54 (limits): this mutation will fail again, however often. */
export function isDataError(error: unknown): boolean {
  return /^(22|23|54)/.test(sqlState(error))
}

/** Serialization failures, deadlocks, and connections that broke before the commit was sent. */
function isPassing(error: unknown): boolean {
  return [
    '40001',
    '40P01',
    'CONNECTION_CLOSED',
    'CONNECTION_ENDED',
    'CONNECTION_DESTROYED',
    '57P01',
    '57P02',
    '57P03',
    'ECONNREFUSED',
    'ECONNRESET',
    '08006',
    '08003',
    '53300',
  ].includes(sqlState(error))
}

function sqlState(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
