// Whether the server in this container can do its work: exit 0 or 1. Asks the port that every role has.
export {}

const ANSWER_TIMEOUT_MS = 4_000

try {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS)
  const { ok } = await fetch(`http://127.0.0.1:${process.env['METRICS_PORT']}/readyz`, { signal })
  process.exitCode = ok ? 0 : 1
} catch {
  process.exitCode = 1
}
