// How often somebody may guess: per account and per address, counted in attempts. Keeps I5.
import { RateLimiterMemory } from 'rate-limiter-flexible'

/** A person who forgot a password tries a handful; a machine that guesses tries thousands. */
const FAILURES_PER_ACCOUNT = 10
/** A shop's people share one address. */
const FAILURES_PER_ADDRESS = 100
const WINDOW_S = 15 * 60

export class LoginLimits {
  readonly #accounts = new RateLimiterMemory({ points: FAILURES_PER_ACCOUNT, duration: WINDOW_S })
  readonly #addresses = new RateLimiterMemory({ points: FAILURES_PER_ADDRESS, duration: WINDOW_S })

  /** Seconds until another attempt may be made; 0 for now. */
  async waitS(email: string, address: string): Promise<number> {
    const states = await Promise.all([this.#accounts.get(email.toLowerCase()), this.#addresses.get(address)])
    const blocked = states.filter((state) => state !== null && state.remainingPoints <= 0)
    return Math.ceil(Math.max(0, ...blocked.map((state) => state!.msBeforeNext)) / 1000)
  }

  async failed(email: string, address: string): Promise<void> {
    await Promise.allSettled([this.#accounts.consume(email.toLowerCase()), this.#addresses.consume(address)])
  }

  async succeeded(email: string): Promise<void> {
    await this.#accounts.delete(email.toLowerCase())
  }
}
