// The token that creating the first organisation needs. It is in the output of the server, so only people who can read that
// can use it. All servers with the same secret have the same token, because a load balancer may choose any of them.
import { createHmac } from 'node:crypto'

const LENGTH = 16

export function setupTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('setup').digest('base64url').slice(0, LENGTH)
}
