// When the certificate ends that people meet at the public address: asked as they ask, so that a renewal that did not
// arrive at the balancer is seen.
import { connect } from 'node:tls'

const TIMEOUT_MS = 5_000

/** Unix ms. Also of a certificate that is over, or that nobody trusts. @throws where nobody answers */
export function certificateExpiry(publicUrl: string): Promise<number> {
  const { hostname, port } = new URL(publicUrl)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      servername: /^[\d.]+$|:/.test(host) ? '' : host, // an address is no name
      rejectUnauthorized: false, // nothing is sent: it is only looked at
      timeout: TIMEOUT_MS,
    })
    socket.once('secureConnect', () => {
      resolve(Date.parse(socket.getPeerCertificate().valid_to))
      socket.destroy()
    })
    socket.once('timeout', () => socket.destroy(new Error('no answer')))
    socket.once('error', reject)
  })
}
