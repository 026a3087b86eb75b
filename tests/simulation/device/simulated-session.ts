// The session of a device, like client/session/session.ts: the refresh token in a cookie that all tabs share, the
// access token in the memory of each tab, and a session that the server may end.
import { signal } from '@preact/signals'
import type { SignedIn } from '#shared/protocol/wire.ts'
import type { Role } from '#shared/rows/rows.ts'
import { RequestError } from '../../../client/sync/sync-transport.ts'
import type { TabChannel } from '../../../client/sync/browser-apis.ts'
import type { Reply } from '../world/network.ts'

/** A token is renewed this long before it expires. */
const RENEW_BEFORE_MS = 30_000

/** The browser's cookie: `organisation.session.secret`. */
export interface Cookie {
  text: string
}

interface SessionParts {
  /** Opens the channel to the other tabs of the same browser. */
  openChannel: (received: () => void) => TabChannel
  cookie: Cookie
  now: () => number
  refresh: () => Promise<Reply>
  /** Called with the role of the signed-in person. */
  roleReceived: (role: Role) => void
}

export class SimulatedSession {
  readonly expired = signal(false)
  readonly #parts: SessionParts
  readonly #otherTabs: TabChannel
  #accessToken: { text: string; until: number } | undefined
  #renewing: Promise<string | undefined> | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#otherTabs = parts.openChannel(() => this.#restart())
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

  /** The person has signed in again in this tab, so the cookie is new. */
  signedIn(): void {
    this.#restart()
    this.#otherTabs.postMessage('signed in')
  }

  #restart(): void {
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
      this.#parts.roleReceived(signedIn.user.role)
      return signedIn.accessToken
    }
    if (reply.refusal === undefined || !ENDS_IT.has(reply.refusal)) throw new RequestError(reply)
    this.expired.value = true
    if (reply.refusal === 'disabled') throw new RequestError({ refusal: 'disabled' })
    return undefined
  }
}

const ENDS_IT = new Set(['unauthenticated', 'disabled'])
