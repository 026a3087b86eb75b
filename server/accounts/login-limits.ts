// Limits password guesses per account and per address. Attempts are counted before the password is checked. Keeps I5.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** A person who forgot a password tries a few times, a program that guesses tries thousands of times. */
const ATTEMPTS_PER_ACCOUNT = 10
/** The people of one shop share an address. */
const ATTEMPTS_PER_ADDRESS = 100
const WINDOW_S = 15 * 60

export class LoginLimits {
  readonly #accounts = new RateLimiterMemory({ points: ATTEMPTS_PER_ACCOUNT, duration: WINDOW_S })
  readonly #addresses = new RateLimiterMemory({ points: ATTEMPTS_PER_ADDRESS, duration: WINDOW_S })

  /** Counts an attempt. Returns the seconds to wait if there were too many, otherwise 0. */
  async attempt(email: string, address: string): Promise<number> {
    const results = await Promise.allSettled([
      this.#accounts.consume(normalized(email)),
      this.#addresses.consume(address),
    ])
    const waits = results.map((result) => {
      if (result.status === 'fulfilled') return 0
      if (result.reason instanceof RateLimiterRes) return Math.ceil(result.reason.msBeforeNext / 1000)
      throw result.reason
    })
    return Math.max(...waits)
  }

  /** A successful attempt does not count. */
  async succeeded(email: string, address: string): Promise<void> {
    await Promise.all([this.#accounts.delete(normalized(email)), this.#addresses.reward(address)])
  }
}

/** All spellings of one address share a limit. */
function normalized(email: string): string {
  return email.normalize('NFC').trim().toLowerCase()
}
