// Admission: no more work at once than this process can do soon. Whoever comes too many is told when to come again,
// instead of making everybody wait; their work stays on their device. Keeps P9.
import { RequestRefusedError } from '../process/request-refused.ts'

/** Some thirty for each database connection: about a quarter of a second of work, with no queue that grows behind it. */
const AT_ONCE_MAX = 400
/** Those who are sent away come back spread over this, or they would all come back at once. */
const RETRY_AFTER_MAX_S = 4

export class Admission {
  #running = 0
  readonly #max: number

  constructor(max: number = AT_ONCE_MAX) {
    this.#max = max
  }

  /** @throws {RequestRefusedError} `busy`, with when to come again */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max)
      throw new RequestRefusedError('busy', { retryAfterS: Math.ceil(Math.random() * RETRY_AFTER_MAX_S) })
    this.#running += 1
    try {
      return await work()
    } finally {
      this.#running -= 1
    }
  }
}
