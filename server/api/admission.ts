// Admission: limits the requests in progress to what this process can do soon. Requests beyond the limit are refused with a
// time to retry, so that the others do not wait; the work of the sender stays on its device. Keeps P9.
import { RequestRefusedError } from '../process/request-refused.ts'

/** About thirty per database connection, which is a quarter of a second of work. More would be a queue that grows. */
const RUNNING_MAX = 400
/** Refused senders retry at random times within this range. Otherwise they would all retry at once. */
const RETRY_AFTER_MAX_S = 4

export class Admission {
  #running = 0
  readonly #max: number

  constructor(max: number = RUNNING_MAX) {
    this.#max = max
  }

  /** @throws {RequestRefusedError} `busy`, with the time to retry */
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
