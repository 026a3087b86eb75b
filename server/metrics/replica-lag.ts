// How far a streaming replica is behind: the age of the oldest change that it may lack. It is 0 if the replica has replayed
// everything that the primary had just written, so it does not grow without writes. It grows with every second if the replica
// does not answer or has lost its primary.
import type { Database } from '../database/database.ts'
import { replayedPosition, writtenPosition } from './installation-store.ts'

const NO_ANSWER = { bytes: -1, sinceS: null }

export class ReplicaLag {
  readonly #primary: Database
  readonly #replica: Database
  readonly #now: () => number
  #caughtUpAt: number

  constructor(parts: { primary: Database; replica: Database; now?: () => number }) {
    const { primary, replica, now = () => performance.now() } = parts
    this.#primary = primary
    this.#replica = replica
    this.#now = now
    this.#caughtUpAt = now()
  }

  /** In seconds. @throws if the primary does not answer, because the lag is then unknown */
  async read(): Promise<number> {
    const startedAt = this.#now()
    const written = await writtenPosition(this.#primary)
    const { bytes, sinceS } = await replayedPosition(this.#replica).catch(() => NO_ANSWER)
    if (bytes === null || bytes >= written) {
      this.#caughtUpAt = startedAt
      return 0
    }
    const sinceCaughtUpS = (this.#now() - this.#caughtUpAt) / 1000
    return sinceS === null ? sinceCaughtUpS : Math.min(sinceCaughtUpS, sinceS)
  }
}
