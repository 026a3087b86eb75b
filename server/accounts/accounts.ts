// Accounts: people, sessions and passwords. Refresh tokens rotate at each use, and reusing one ends its session. Keeps I1–I7.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { SignedIn } from '#shared/protocol/wire.ts'
import type { Role } from '#shared/rows/rows.ts'
import { isId, uuidv7 } from '#shared/values/id.ts'
import type { SessionsEnded } from '../events/commit-event.ts'
import type { Database } from '../database/database.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { AccessTokens, Claims } from './access-tokens.ts'
import { ACCESS_TTL_S } from './access-tokens.ts'
import type { Account } from './accounts-store.ts'
import {
  findLogin,
  findMember,
  findPerson,
  hasOrganisations,
  insertOrganisation,
  insertSession,
  insertUser,
  lockSession,
  revokeSession,
  revokeSessionsOf,
  rotateSession,
  updateMember,
  updatePassword,
} from './accounts-store.ts'
import { hashPassword, isPassword } from './passwords.ts'

/** A handheld that was not used for two months is still signed in. */
export const REFRESH_TTL_DAYS = 90
/** Two tabs that refresh at once send the same token. Within this time after its rotation that is not treated as theft. */
const REUSE_GRACE_MS = 20_000

export interface Issued {
  signedIn: SignedIn
  refreshToken: string
}

export interface NewPerson {
  name: string
  email: string
  password: string
  role: Role
}

export interface AccountsParts {
  database: Database
  ledger: Ledger
  tokens: AccessTokens
  /** Called after sessions have ended. */
  sessionsEnded?: (ended: SessionsEnded) => void
}

export class Accounts {
  readonly #database: Database
  readonly #ledger: Ledger
  readonly #tokens: AccessTokens
  readonly #sessionsEnded: (ended: SessionsEnded) => void

  constructor({ database, ledger, tokens, sessionsEnded = () => undefined }: AccountsParts) {
    this.#database = database
    this.#ledger = ledger
    this.#tokens = tokens
    this.#sessionsEnded = sessionsEnded
  }

  /**
   * Returns undefined if the email address or the password is wrong, after the same time in both cases. Only a person who
   * knows the password learns that the account is disabled.
   */
  async login(email: string, password: string): Promise<Issued | 'disabled' | undefined> {
    const login = await findLogin(this.#database, email.trim())
    const matches = await isPassword(login?.passwordHash, password)
    if (!login || !matches) return undefined
    return login.disabled ? 'disabled' : this.openSession(login.orgId, login.id)
  }

  /** Opens a session for a person who has been authenticated. Returns undefined if the person is disabled or unknown. */
  openSession(orgId: string, userId: string): Promise<Issued | undefined> {
    const sessionId = uuidv7(Date.now(), randomBytes(10))
    const secret = newSecret()
    return this.#database.transaction(orgId, async (tx) => {
      insertSession(tx, { orgId, id: sessionId, userId, tokenHash: hashOf(secret), days: REFRESH_TTL_DAYS })
      return this.#issue(tx.sql, { orgId, userId, sessionId }, secret)
    })
  }

  /** Returns undefined if the token is not valid, or no longer. */
  async refresh(refreshToken: string): Promise<Issued | 'disabled' | undefined> {
    const parts = parseRefreshToken(refreshToken)
    if (!parts) return undefined
    const { orgId, sessionId, secret } = parts
    const refreshed = await this.#database.transaction(orgId, async (tx) => {
      const session = await lockSession(tx.sql, orgId, sessionId)
      // Only the holder of the session's secret learns this. The device then hides its data and keeps its outbox.
      if (session?.disabled && isSame(session.tokenHash, hashOf(secret))) return 'disabled'
      if (!session || session.over) return undefined
      const claims = { orgId, userId: session.userId, sessionId }
      if (isSame(session.tokenHash, hashOf(secret))) {
        const next = newSecret()
        rotateSession(tx, { orgId, id: sessionId, tokenHash: hashOf(next), days: REFRESH_TTL_DAYS })
        return this.#issue(tx.sql, claims, next)
      }
      const isPrevious = session.previousHash !== null && isSame(session.previousHash, hashOf(secret))
      if (isPrevious && session.rotatedMsAgo <= REUSE_GRACE_MS) return this.#issue(tx.sql, claims, undefined)
      return isPrevious ? { reusedOf: session.userId } : undefined
    })
    if (typeof refreshed !== 'object' || !('reusedOf' in refreshed)) return refreshed
    await this.#endStolen({ orgId, sessionId, userId: refreshed.reusedOf })
    return undefined
  }

  /**
   * Ends a session whose token was reused. This is audited, because somebody else may have had the token. Signing in and out
   * are not audited: they would wait for the organisation's commits and be sent to every device. `sessions` records both.
   */
  async #endStolen({ orgId, sessionId, userId }: Claims): Promise<void> {
    await this.#ledger.change(orgId, {
      action: 'member.token_reused',
      work: async (tx, version) => {
        revokeSession(tx, orgId, sessionId)
        const member = await findMember(tx.sql, orgId, userId)
        if (!member) return []
        const after = { ...member, version }
        updateMember(tx, { orgId, ...after }, version)
        return [{ kind: 'members', key: userId, before: member, after }]
      },
    })
    this.#sessionsEnded({ orgId, endedSession: sessionId })
  }

  async logout(refreshToken: string): Promise<void> {
    const parts = parseRefreshToken(refreshToken)
    if (!parts) return
    const { orgId, sessionId, secret } = parts
    const hasEnded = await this.#database.transaction(orgId, async (tx) => {
      const session = await lockSession(tx.sql, orgId, sessionId)
      const isOwner = session !== undefined && isSame(session.tokenHash, hashOf(secret))
      if (isOwner) revokeSession(tx, orgId, sessionId)
      return isOwner
    })
    if (hasEnded) this.#sessionsEnded({ orgId, endedSession: sessionId })
  }

  /** The person that an access token identifies, without checking the session in the database. */
  claims(accessToken: string): Promise<Claims | undefined> {
    return this.#tokens.verify(accessToken)
  }

  /** The person that an access token identifies, as stored now. Returns undefined if the session or the person is invalid. */
  async authenticate(accessToken: string): Promise<(Account & Claims) | undefined> {
    const claims = await this.claims(accessToken)
    if (!claims) return undefined
    const person = await this.#database.snapshot(claims.orgId, (sql) => findPerson(sql, claims))
    return person && { ...person, ...claims }
  }

  async isKnown(email: string): Promise<boolean> {
    return (await findLogin(this.#database, email)) !== undefined
  }

  /** Sets a new password and ends the person's sessions, unless it is the current password. */
  async setPassword(email: string, password: string): Promise<void> {
    const login = await findLogin(this.#database, email)
    if (!login || (await isPassword(login.passwordHash, password))) return
    const { orgId, id } = login
    const passwordHash = await hashPassword(password)
    await this.#ledger.change(orgId, {
      action: 'member.password',
      work: async (tx, version) => {
        const before = await findMember(tx.sql, orgId, id)
        if (!before) return []
        updatePassword(tx, { orgId, id, passwordHash }, version)
        revokeSessionsOf(tx, orgId, id)
        return [{ kind: 'members', key: id, before, after: { ...before, version } }]
      },
    })
    this.#sessionsEnded({ orgId, endedUser: id })
  }

  /** The current role of a person. Returns undefined if the session has ended or the person is disabled. */
  async currentRole(claims: Claims): Promise<Role | undefined> {
    return (await this.#database.snapshot(claims.orgId, (sql) => findPerson(sql, claims)))?.role
  }

  needsSetup(): Promise<boolean> {
    return hasOrganisations(this.#database).then((known) => !known)
  }

  /** Creates an organisation and its first people, at version 1. */
  async createOrganisation({ name, people, currency }: { name: string; people: NewPerson[]; currency: string }) {
    const nowMs = Date.now()
    const orgId = uuidv7(nowMs, randomBytes(10))
    const users = await Promise.all(
      people.map(async ({ password, ...person }) => ({
        ...person,
        orgId,
        id: uuidv7(nowMs, randomBytes(10)),
        passwordHash: await hashPassword(password),
      })),
    )
    await this.#database.transaction(orgId, async (tx) => insertOrganisation(tx, { orgId, name }))
    await this.#ledger.change(orgId, {
      action: 'organisation.create',
      work: async (tx, version) => {
        for (const user of users) insertUser(tx, user, version)
        const members = users.map(({ id, name, email, role }) => ({ id, name, email, role, disabled: false, version }))
        const settings = { id: 'organisation', value: { name, currency }, version }
        return [
          ...members.map((member) => ({ kind: 'members' as const, key: member.id, before: undefined, after: member })),
          { kind: 'settings' as const, key: settings.id, before: undefined, after: settings },
        ]
      },
    })
    return { orgId, users: users.map(({ id, email, role }) => ({ id, email, role })) }
  }

  /** Changes a person's role, or disables or enables them. A disabled person loses access at once, on every device. */
  async updateMember(
    orgId: string,
    byUserId: string,
    change: { id: string; role?: Role | undefined; disabled?: boolean | undefined },
  ): Promise<boolean> {
    let found = false
    await this.#ledger.change(orgId, {
      action: 'member.update',
      userId: byUserId,
      work: async (tx, version) => {
        const before = await findMember(tx.sql, orgId, change.id)
        if (!before) return []
        found = true
        const after = {
          ...before,
          role: change.role ?? before.role,
          disabled: change.disabled ?? before.disabled,
          version,
        }
        updateMember(tx, { orgId, ...after }, version)
        if (after.disabled) revokeSessionsOf(tx, orgId, change.id)
        return [{ kind: 'members' as const, key: change.id, before, after }]
      },
    })
    if (found && change.disabled) this.#sessionsEnded({ orgId, endedUser: change.id })
    return found
  }

  async #issue(
    sql: Parameters<typeof findPerson>[0],
    claims: Claims,
    secret: string | undefined,
  ): Promise<Issued | undefined> {
    const person = await findPerson(sql, claims)
    if (!person) return undefined
    const { id, name, email, role, orgName } = person
    return {
      signedIn: {
        accessToken: await this.#tokens.sign(claims),
        expiresInS: ACCESS_TTL_S,
        user: { id, name, email, role },
        org: { id: claims.orgId, name: orgName },
      },
      refreshToken: secret === undefined ? '' : `${claims.orgId}.${claims.sessionId}.${secret}`,
    }
  }
}

function parseRefreshToken(token: string): { orgId: string; sessionId: string; secret: string } | undefined {
  const [orgId, sessionId, secret] = token.split('.')
  if (!isId(orgId) || !isId(sessionId) || !secret) return undefined
  return { orgId, sessionId, secret }
}

function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
