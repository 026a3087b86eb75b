// How far a streaming replica is behind, as people feel it: the age of the oldest moment that it may not show. 0 where it
// has replayed all that the primary had written just before; a replica that nobody writes for is not behind, and one that
// lost its primary, or does not answer, is further behind with every second.
import type { Database } from '../database/database.ts'
import { replayedPosition, writtenPosition } from './installation-store.ts'

const NOTHING = { bytes: -1, sinceS: null }

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

  /** In seconds. @throws where the primary does not answer: then nobody knows. */
  async read(): Promise<number> {
    const asked = this.#now()
    const written = await writtenPosition(this.#primary)
    const { bytes, sinceS } = await replayedPosition(this.#replica).catch(() => NOTHING)
    if (bytes === null || bytes >= written) {
      this.#caughtUpAt = asked
      return 0
    }
    const sinceCaughtUpS = (this.#now() - this.#caughtUpAt) / 1000
    return sinceS === null ? sinceCaughtUpS : Math.min(sinceCaughtUpS, sinceS)
  }
}
