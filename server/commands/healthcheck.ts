// Whether the server in this container is ready: exit code 0 or 1. Asks the metrics port, which servers of every role open.
export {}

const ANSWER_TIMEOUT_MS = 4_000
const { METRICS_PORT: port, METRICS_HOST: host = '' } = process.env
/** A server that listens on all addresses also listens on this one. */
const isAny = ['', '0.0.0.0', '::'].includes(host)
const address = isAny ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host

try {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const { ok } = await fetch(`http://${address}:${port}/readyz`, { signal })
  process.exitCode = ok ? 0 : 1
} catch {
  process.exitCode = 1
}
