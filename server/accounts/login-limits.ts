// How often somebody may guess: per account and per address, counted in attempts before they are looked at. Keeps I5.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** A person who forgot a password tries a handful; a machine that guesses tries thousands. */
const ATTEMPTS_PER_ACCOUNT = 10
/** A shop's people share one address. */
const ATTEMPTS_PER_ADDRESS = 100
const WINDOW_S = 15 * 60

export class LoginLimits {
  readonly #accounts = new RateLimiterMemory({ points: ATTEMPTS_PER_ACCOUNT, duration: WINDOW_S })
  readonly #addresses = new RateLimiterMemory({ points: ATTEMPTS_PER_ADDRESS, duration: WINDOW_S })

  /** Counts an attempt. Seconds to wait where it is one too many; 0 where it may be looked at. */
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

  /** The attempt was right: it does not count. */
  async succeeded(email: string, address: string): Promise<void> {
    await Promise.all([this.#accounts.delete(normalized(email)), this.#addresses.reward(address)])
  }
}

/** One account has one spelling. */
function normalized(email: string): string {
  return email.normalize('NFC').trim().toLowerCase()
}
