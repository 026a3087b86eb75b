// Who is signed in here. Known without a connection too; the access token lives in memory, the refresh token in a cookie
// that scripts cannot read. A session that the server ended hides nothing that waits on this device.
import { signal } from '@preact/signals'
import type * as authModule from './auth-client.ts'
import type { SignedIn } from '#shared/protocol/wire.ts'
import { type Person, storedPerson, storePerson } from './stored-person.ts'

export type SignInResult = { ok: true } | { ok: false; refusal: string; retryAfterS?: number }

export interface SetupInput {
  token: string
  organisation: string
  name: string
  email: string
  password: string
}

const REVOKED_AS = 'stockhand.revoked'
/** A token is renewed this long before it runs out, so that no request is refused only for being slow. */
const RENEW_BEFORE_MS = 30_000

export class Session {
  readonly person = signal<Person | undefined>(storedPerson())
  readonly expired = signal(false)
  /** The person may no longer work here, as far as this device knows; also after a restart without a connection. */
  readonly revoked = signal(localStorage.getItem(REVOKED_AS) !== null)
  #accessToken: { text: string; until: number } | undefined
  #renewing: Promise<string | undefined> | undefined
  /** The cookie is that of all tabs, and one of them may have given up on it. */
  readonly #otherTabs = new BroadcastChannel('stockhand.session')

  constructor() {
    this.#otherTabs.onmessage = () => this.#begunAnew()
  }

  signIn(email: string, password: string): Promise<SignInResult> {
    return this.#enter(({ auth }) => auth.login.mutate({ email, password }))
  }

  setup(input: SetupInput): Promise<SignInResult> {
    return this.#enter(({ auth }) => auth.setup.mutate(input))
  }

  async setupNeeded(): Promise<boolean> {
    try {
      const { authClient } = await loadAuthClient()
      return (await authClient.auth.setupNeeded.query()).needed
    } catch {
      return false // offline: there is nothing to set up from here
    }
  }

  /** Ends the session here and, if it can be reached, on the server. What waits on this device stays. */
  async signOut(): Promise<void> {
    storePerson(undefined)
    localStorage.removeItem(REVOKED_AS)
    this.revoked.value = false
    this.#accessToken = undefined
    this.person.value = undefined
    // Offline, the cookie stays until it expires.
    await loadAuthClient()
      .then(({ authClient }) => authClient.auth.logout.mutate())
      .catch(() => undefined)
  }

  /** An access token; undefined where the session has ended. @throws where the server cannot be asked */
  async token(): Promise<string | undefined> {
    const token = this.#accessToken
    if (token && Date.now() < token.until) return token.text
    if (this.expired.value) return undefined
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  /** This session as one person's: a token of somebody else, who signed in in another tab, is none of theirs. */
  of({ user, org }: Person): Pick<Session, 'token' | 'forgetToken' | 'expired'> {
    const token = async () => {
      const text = await this.token()
      const now = this.person.value
      return now?.user.id === user.id && now.org.id === org.id ? text : undefined
    }
    return { token, forgetToken: () => this.forgetToken(), expired: this.expired }
  }

  /** The server refused the token that it was given: the next one is asked for anew. */
  forgetToken(): void {
    this.#accessToken = undefined
  }

  async #renew(): Promise<string | undefined> {
    const { authClient, authFailure } = await loadAuthClient()
    try {
      return this.#begin(await authClient.auth.refresh.mutate())
    } catch (error) {
      const { status, refusal } = authFailure(error)
      if (status !== 401) throw error
      this.expired.value = true
      if (refusal === 'disabled') {
        localStorage.setItem(REVOKED_AS, 'yes')
        this.revoked.value = true
        throw error
      }
      return undefined
    }
  }

  async #enter(ask: (client: AuthModule['authClient']) => Promise<SignedIn>): Promise<SignInResult> {
    const { authClient, authFailure } = await loadAuthClient()
    try {
      this.#begin(await ask(authClient))
      this.#otherTabs.postMessage('signed in')
      return { ok: true }
    } catch (error) {
      const { refusal = 'offline', retryAfterS } = authFailure(error)
      return { ok: false, refusal, ...(retryAfterS !== undefined && { retryAfterS }) }
    }
  }

  /** Somebody has signed in in another tab: whoever this one asks for next is told by the server. */
  #begunAnew(): void {
    this.#accessToken = undefined
    this.expired.value = false
    this.revoked.value = false
  }

  #begin({ accessToken, expiresInS, user, org }: SignedIn): string {
    this.#accessToken = { text: accessToken, until: Date.now() + expiresInS * 1000 - RENEW_BEFORE_MS }
    const person = { user, org }
    storePerson(person)
    if (JSON.stringify(this.person.value) !== JSON.stringify(person)) this.person.value = person
    this.expired.value = false
    localStorage.removeItem(REVOKED_AS)
    this.revoked.value = false
    return accessToken
  }
}

type AuthModule = typeof authModule

/** Loaded with the first request. Rejects if the app's files cannot be reached, which is as if the server could not. */
function loadAuthClient(): Promise<AuthModule> {
  return import('./auth-client.ts')
}
