// What the first visit must know, while there is no organisation: whoever can read a server's words may make it. All
// servers of one secret know the same token, since a balancer sends the visit to any of them.
import { createHmac } from 'node:crypto'

const LENGTH = 16

export function setupTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('setup').digest('base64url').slice(0, LENGTH)
}
