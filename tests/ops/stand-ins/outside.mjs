// The outside of a stack: receives alerts (POST, one line of stdout each), and serves the metrics of what this stack
// does not have, a certificate and a read replica.
import { createServer } from 'node:http'

const LIFE_S = 90 * 86_400

createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += chunk))
  request.on('end', () => {
    if (request.method === 'POST') process.stdout.write(`${body}\n`)
    const expiry = Math.floor(Date.now() / 1000) + LIFE_S
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
    response.end(`stockhand_replica_lag_seconds 0.1\nstockhand_certificate_expiry_timestamp_seconds ${expiry}\n`)
  })
}).listen(8080, '0.0.0.0')

process.on('SIGTERM', () => process.exit(0))
