// When the certificate at the public address expires. It connects like a browser, so it also detects a renewal that did not
// reach the load balancer.
import { connect } from 'node:tls'

const TIMEOUT_MS = 5_000

/** Unix ms, also of an expired or untrusted certificate. @throws if there is no answer */
export function certificateExpiry(publicUrl: string): Promise<number> {
  const { hostname, port } = new URL(publicUrl)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port || 443),
      servername: /^[\d.]+$|:/.test(host) ? '' : host, // the server name must not be an IP address
      rejectUnauthorized: false, // the certificate is only read, nothing is sent
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
