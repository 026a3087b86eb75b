// Access tokens: JWTs that are valid for ten minutes, with fixed algorithm and audience (RFC 8725). They only identify a
// person. What that person may do is read from the database for every request.
import { jwtVerify, SignJWT } from 'jose'

export const ACCESS_TTL_S = 600
const ALGORITHM = 'HS256'
const AUDIENCE = 'stockhand'

export interface Claims {
  orgId: string
  userId: string
  sessionId: string
}

/** Verifying a signature costs as much as a small query, and all requests within ten minutes have the same token. */
const VERIFIED_MAX = 10_000

export class AccessTokens {
  readonly #key: Uint8Array
  /** Tokens with a valid signature, the oldest first. */
  readonly #verified = new Map<string, { claims: Claims; expiresAtMs: number }>()

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

  /** Returns undefined for a token that is forged, expired, or of another audience. */
  async verify(token: string): Promise<Claims | undefined> {
    const known = this.#verified.get(token)
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
    const [oldest] = this.#verified.keys()
    if (this.#verified.size >= VERIFIED_MAX && oldest !== undefined) this.#verified.delete(oldest)
    this.#verified.set(token, known)
  }
}
