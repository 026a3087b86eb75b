// The log: one JSON object per line, on stdout. Guarantees: a secret or an email address that is logged by mistake is
// redacted. (Log lines identify organisations and devices by their ids, and never people.) Redaction is our own, because
// pino's takes three times as long per line and only reaches the paths that it is given.
import type { DestinationStream, Logger, LoggerOptions } from 'pino'
import pino from 'pino'

const SECRETS = new Set([
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'setupToken',
  'authorization',
  'cookie',
  'set-cookie',
  'email',
])
/** Objects in the log are flat, except by mistake. Anything deeper than this is left out. */
const DEPTH_MAX = 6

export function openLog(level: LoggerOptions['level'] = 'info', destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: (line) => redact(line, 0) },
  }
  return destination ? pino(options, destination) : pino(options)
}

function redact(values: Record<string, unknown>, depth: number): Record<string, unknown> {
  const redacted: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (SECRETS.has(name)) redacted[name] = '[redacted]'
    else if (isPlain(value)) redacted[name] = depth < DEPTH_MAX ? redact(value, depth + 1) : '[too deep]'
    else redacted[name] = value
  }
  return redacted
}

/** Other objects, such as errors and requests, have serializers. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
