// Who is signed in on a device, as client/session/session.ts has it: the refresh token in a cookie that all tabs share, the
// access token in each tab's memory, and a session that the server may end.
import { signal } from '@preact/signals'
import type { SignedIn } from '#shared/protocol/wire.ts'
import type { Role } from '#shared/rows/rows.ts'
import { RequestError } from '../../../client/sync/sync-transport.ts'
import type { Reply } from '../world/network.ts'

/** A token is renewed this long before it runs out. */
const RENEW_BEFORE_MS = 30_000

/** The browser's cookie: `organisation.session.secret`. */
export interface Cookie {
  text: string
}

interface SessionParts {
  /** Which browser this is: its tabs hear each other. */
  browser: string
  cookie: Cookie
  now: () => number
  refresh: () => Promise<Reply>
  /** The server says who this is. */
  entered: (role: Role) => void
}

export class SimulatedSession {
  readonly expired = signal(false)
  readonly #parts: SessionParts
  #accessToken: { text: string; until: number } | undefined
  #renewing: Promise<string | undefined> | undefined
  readonly #otherTabs: BroadcastChannel

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#otherTabs = new BroadcastChannel(`session ${parts.browser}`)
    this.#otherTabs.onmessage = () => this.#begunAnew()
  }

  async token(): Promise<string | undefined> {
    const token = this.#accessToken
    if (token && this.#parts.now() < token.until) return token.text
    if (this.expired.value) return undefined
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  forgetToken(): void {
    this.#accessToken = undefined
  }

  /** The person has signed in again, here: the cookie is new. */
  signedIn(): void {
    this.#begunAnew()
    this.#otherTabs.postMessage('signed in')
  }

  #begunAnew(): void {
    this.#accessToken = undefined
    this.expired.value = false
  }

  async #renew(): Promise<string | undefined> {
    const reply = await this.#parts.refresh()
    if (reply.ok) {
      const { signedIn, refreshToken } = reply.value as { signedIn: SignedIn; refreshToken: string }
      if (refreshToken !== '') this.#parts.cookie.text = refreshToken
      this.#accessToken = {
        text: signedIn.accessToken,
        until: this.#parts.now() + signedIn.expiresInS * 1000 - RENEW_BEFORE_MS,
      }
      this.#parts.entered(signedIn.user.role)
      return signedIn.accessToken
    }
    if (reply.refusal === undefined || !ENDS_IT.has(reply.refusal)) throw new RequestError(reply)
    this.expired.value = true
    if (reply.refusal === 'disabled') throw new RequestError({ refusal: 'disabled' })
    return undefined
  }
}

const ENDS_IT = new Set(['unauthenticated', 'disabled'])
