// The signed-in person, also known without a connection. The access token is in memory, the refresh token in a cookie
// that scripts cannot read. If the server ends the session, pending mutations on this device stay visible.
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

const REVOKED_KEY = 'stockhand.revoked'
/** A token is renewed this long before it expires, so that a slow request is not refused. */
const RENEW_BEFORE_MS = 30_000

export class Session {
  readonly person = signal<Person | undefined>(storedPerson())
  readonly expired = signal(false)
  /**
   * The person has lost access, as far as this device knows. Stored, so that it applies after a restart without a
   * connection.
   */
  readonly revoked = signal(localStorage.getItem(REVOKED_KEY) !== null)
  #accessToken: { text: string; until: number } | undefined
  #renewing: Promise<string | undefined> | undefined
  /** All tabs share the cookie. A tab whose session has expired learns here that another one has signed in. */
  readonly #otherTabs = new BroadcastChannel('stockhand.session')

  constructor() {
    this.#otherTabs.onmessage = () => this.#resetAfterSignIn()
  }

  signIn(email: string, password: string): Promise<SignInResult> {
    return this.#signInWith(({ auth }) => auth.login.mutate({ email, password }))
  }

  setup(input: SetupInput): Promise<SignInResult> {
    return this.#signInWith(({ auth }) => auth.setup.mutate(input))
  }

  async setupNeeded(): Promise<boolean> {
    try {
      const { authClient } = await loadAuthClient()
      return (await authClient.auth.setupNeeded.query()).needed
    } catch {
      return false // offline: setup is not possible
    }
  }

  /** Ends the session on this device and, if it can be reached, on the server. Pending mutations stay on the device. */
  async signOut(): Promise<void> {
    storePerson(undefined)
    localStorage.removeItem(REVOKED_KEY)
    this.revoked.value = false
    this.#accessToken = undefined
    this.person.value = undefined
    // Offline, the cookie stays until it expires.
    await loadAuthClient()
      .then(({ authClient }) => authClient.auth.logout.mutate())
      .catch(() => undefined)
  }

  /** Returns an access token, or undefined if the session has ended. @throws if the server cannot be reached */
  async token(): Promise<string | undefined> {
    const token = this.#accessToken
    if (token && Date.now() < token.until) return token.text
    if (this.expired.value) return undefined
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  /** Limits the session to one person, because another tab may sign in somebody else, whose token must not be used. */
  of({ user, org }: Person): Pick<Session, 'token' | 'forgetToken' | 'expired'> {
    const token = async () => {
      const text = await this.token()
      const current = this.person.value
      return current?.user.id === user.id && current.org.id === org.id ? text : undefined
    }
    return { token, forgetToken: () => this.forgetToken(), expired: this.expired }
  }

  /** Drops the access token after the server has refused it. The next call renews it. */
  forgetToken(): void {
    this.#accessToken = undefined
  }

  async #renew(): Promise<string | undefined> {
    const { authClient, authFailure } = await loadAuthClient()
    try {
      return this.#store(await authClient.auth.refresh.mutate())
    } catch (error) {
      const { status, refusal } = authFailure(error)
      if (status !== 401) throw error
      this.expired.value = true
      if (refusal === 'disabled') {
        localStorage.setItem(REVOKED_KEY, 'yes')
        this.revoked.value = true
        throw error
      }
      return undefined
    }
  }

  async #signInWith(request: (client: AuthModule['authClient']) => Promise<SignedIn>): Promise<SignInResult> {
    const { authClient, authFailure } = await loadAuthClient()
    try {
      this.#store(await request(authClient))
      this.#otherTabs.postMessage('signed in')
      return { ok: true }
    } catch (error) {
      const { refusal = 'offline', retryAfterS } = authFailure(error)
      return { ok: false, refusal, ...(retryAfterS !== undefined && { retryAfterS }) }
    }
  }

  /** Another tab has signed in. The next renewal learns who that is. */
  #resetAfterSignIn(): void {
    this.#accessToken = undefined
    this.expired.value = false
    this.revoked.value = false
  }

  #store({ accessToken, expiresInS, user, org }: SignedIn): string {
    this.#accessToken = { text: accessToken, until: Date.now() + expiresInS * 1000 - RENEW_BEFORE_MS }
    const person = { user, org }
    storePerson(person)
    if (JSON.stringify(this.person.value) !== JSON.stringify(person)) this.person.value = person
    this.expired.value = false
    localStorage.removeItem(REVOKED_KEY)
    this.revoked.value = false
    return accessToken
  }
}

type AuthModule = typeof authModule

/** Loads the client with the first request. Rejects if the app's files cannot be reached, as without a connection. */
function loadAuthClient(): Promise<AuthModule> {
  return import('./auth-client.ts')
}
