// Access tokens: JWTs of ten minutes, algorithm and audience pinned (RFC 8725). They say who; what that person may do is
// read from the database each time.
import { jwtVerify, SignJWT } from 'jose'

export const ACCESS_TTL_S = 600
const ALGORITHM = 'HS256'
const AUDIENCE = 'stockhand'

export interface Claims {
  orgId: string
  userId: string
  sessionId: string
}

/** Checking a signature costs as much as a small query, and every request of ten minutes brings the same token. */
const KNOWN_MAX = 10_000

export class AccessTokens {
  readonly #key: Uint8Array
  /** Tokens whose signature was good, the oldest first. */
  readonly #known = new Map<string, { claims: Claims; expiresAtMs: number }>()

  constructor(secret: string) {
    this.#key = new TextEncoder().encode(secret)
  }

  sign({ orgId, userId, sessionId }: Claims): Promise<string> {
    return new SignJWT({ org: orgId, sid: sessionId })
      .setProtectedHeader({ alg: ALGORITHM })
      .setSubject(userId)
      .setAudience(AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${ACCESS_TTL_S}s`)
      .sign(this.#key)
  }

  /** Undefined for a token that is forged, expired, or meant for something else. */
  async verify(token: string): Promise<Claims | undefined> {
    const known = this.#known.get(token)
    if (known) return Date.now() < known.expiresAtMs ? known.claims : undefined
    try {
      const { payload } = await jwtVerify(token, this.#key, { algorithms: [ALGORITHM], audience: AUDIENCE })
      const { sub, org, sid, exp } = payload
      if (typeof sub !== 'string' || typeof org !== 'string' || typeof sid !== 'string') return undefined
      const claims = { orgId: org, userId: sub, sessionId: sid }
      this.#remember(token, { claims, expiresAtMs: (exp ?? 0) * 1000 })
      return claims
    } catch {
      return undefined
    }
  }

  #remember(token: string, known: { claims: Claims; expiresAtMs: number }): void {
    const [oldest] = this.#known.keys()
    if (this.#known.size >= KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest)
    this.#known.set(token, known)
  }
}
