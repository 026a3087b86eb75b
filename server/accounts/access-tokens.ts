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

export class AccessTokens {
  readonly #key: Uint8Array

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
    try {
      const { payload } = await jwtVerify(token, this.#key, { algorithms: [ALGORITHM], audience: AUDIENCE })
      const { sub, org, sid } = payload
      if (typeof sub !== 'string' || typeof org !== 'string' || typeof sid !== 'string') return undefined
      return { orgId: org, userId: sub, sessionId: sid }
    } catch {
      return undefined
    }
  }
}
