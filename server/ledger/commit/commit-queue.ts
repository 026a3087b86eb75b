// One queue of commits per organisation. Batches that arrive during a commit form the next group. A group that fails is
// split until only the poisonous mutations fail. Keeps P8.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch, BatchAnswer } from './batch.ts'
import { RequestRefusedError } from '../../process/request-refused.ts'
import { type CommitResult, failedWithBlocked } from './commit-group.ts'

/** With more mutations in one transaction, people would notice the delay of the batches behind it. */
const GROUP_MAX_MUTATIONS = 2_000
/** Serialization failures and broken connections are temporary. After this many attempts, the sender has to retry. */
const ATTEMPTS = 4
const RETRY_DELAY_MS = 50

interface QueuedBatch {
  batch: Batch
  resolve(answer: BatchAnswer): void
  reject(error: unknown): void
}

export interface CommitQueueOptions {
  commit(orgId: string, batches: readonly Batch[]): Promise<CommitResult>
  /** Called after every commit. */
  committed(orgId: string, result: CommitResult): void
  /** Records a mutation that the database rejects, as a refusal. */
  recordPoison(orgId: string, batch: Batch): Promise<CommitResult>
}

export class CommitQueue {
  readonly #parts: CommitQueueOptions
  readonly #queued = new Map<string, QueuedBatch[]>()
  readonly #running = new Map<string, Promise<void>>()

  constructor(parts: CommitQueueOptions) {
    this.#parts = parts
  }

  /** Resolves once the batch is committed. @throws {RequestRefusedError} if it is refused as a whole */
  add(orgId: string, batch: Batch): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      const queued = this.#queued.get(orgId)
      if (queued) queued.push({ batch, resolve, reject })
      else this.#queued.set(orgId, [{ batch, resolve, reject }])
      if (!this.#running.has(orgId)) this.#running.set(orgId, this.#run(orgId))
    })
  }

  /** Resolves when every batch that was added is committed or has failed. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  async #run(orgId: string): Promise<void> {
    for (let group = this.#dequeue(orgId); group.length > 0; group = this.#dequeue(orgId))
      await this.#commitGroup(orgId, group)
    this.#running.delete(orgId)
  }

  #dequeue(orgId: string): QueuedBatch[] {
    const queued = this.#queued.get(orgId) ?? []
    let size = 0
    let count = 0
    for (const { batch } of queued) {
      size += batch.mutations.length
      if (count > 0 && size > GROUP_MAX_MUTATIONS) break
      count += 1
    }
    const group = queued.splice(0, count)
    if (queued.length === 0) this.#queued.delete(orgId)
    return group
  }

  async #commitGroup(orgId: string, group: QueuedBatch[]): Promise<void> {
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

  /** Commits a failed batch by halves, so that a poisonous mutation affects only itself. */
  async #retryBatch(orgId: string, { batch, resolve, reject }: QueuedBatch, error: unknown): Promise<void> {
    try {
      resolve(await this.#commitByHalves(orgId, batch, error))
    } catch (failure) {
      reject(failure)
    }
  }

  async #commitByHalves(orgId: string, batch: Batch, error: unknown): Promise<BatchAnswer> {
    const { mutations } = batch
    if (mutations.length === 1) return this.#commitSingle(orgId, batch, error)
    const middle = Math.ceil(mutations.length / 2)
    const first = await this.#commitHalf(orgId, { ...batch, mutations: mutations.slice(0, middle) })
    const second = await this.#commitHalf(orgId, { ...batch, mutations: mutations.slice(middle) })
    return { ...second, results: [...first.results, ...second.results] }
  }

  /**
   * Commits a mutation that failed alone. The cause may be one that it unblocks, so it is tried without those first. They are
   * decided later, in commits of their own.
   */
  async #commitSingle(orgId: string, batch: Batch, error: unknown): Promise<BatchAnswer> {
    try {
      if (failedWithBlocked(error)) return answerOf(await this.#commit(orgId, [{ ...batch, withoutBlocked: true }]))
    } catch (singleError) {
      if (!isDataError(singleError)) throw singleError
    }
    return answerOf(await this.#notifyAfter(orgId, this.#parts.recordPoison(orgId, { ...batch, withoutBlocked: true })))
  }

  async #commitHalf(orgId: string, batch: Batch): Promise<BatchAnswer> {
    try {
      return answerOf(await this.#commit(orgId, [batch]))
    } catch (error) {
      if (!isDataError(error)) throw error
      return this.#commitByHalves(orgId, batch, error)
    }
  }

  async #commit(orgId: string, batches: Batch[]): Promise<CommitResult> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#notifyAfter(orgId, this.#parts.commit(orgId, batches))
      } catch (error) {
        if (!isTemporary(error) || attempt === ATTEMPTS) throw error
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

function answerOf({ answers: [answer] }: CommitResult): BatchAnswer {
  if (answer instanceof RequestRefusedError) throw answer
  return answer!
}

/** SQLSTATE 22 (data), 23 (integrity) and 54 (limits). The mutation would fail every time. */
export function isDataError(error: unknown): boolean {
  return /^(22|23|54)/.test(sqlState(error))
}

/** Serialization failures, deadlocks, and connections that broke before the commit was sent. */
function isTemporary(error: unknown): boolean {
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
