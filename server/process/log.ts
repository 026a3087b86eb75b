// The log: one JSON object per line, on stdout. Guarantees: a secret or an address of a person that some object brings
// along by mistake is blotted out. (What is logged names organisations and devices by their ids, and people not at all.)
// By a walk of our own: pino's redaction takes three times as long for each line, and reaches only as deep as its paths.
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
/** What we log is flat but for mistakes; deeper than this nobody looks, and it is left out. */
const DEPTH_MAX = 6

export function openLog(level: LoggerOptions['level'] = 'info', destination?: DestinationStream): Logger {
  const options: LoggerOptions = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }), log: (line) => blotted(line, 0) },
  }
  return destination ? pino(options, destination) : pino(options)
}

function blotted(values: Record<string, unknown>, depth: number): Record<string, unknown> {
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (SECRETS.has(name)) kept[name] = '[redacted]'
    else if (isPlain(value)) kept[name] = depth < DEPTH_MAX ? blotted(value, depth + 1) : '[too deep]'
    else kept[name] = value
  }
  return kept
}

/** Others, such as errors and requests, are for their serializers. */
function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
