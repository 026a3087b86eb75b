// What a request is called in the log, in its answer, and by whoever traces it across programs: an id that its sender or
// a proxy gave it (x-request-id), the trace that it belongs to (traceparent, W3C Trace Context), or one that is made
// here. An id that is not well-formed is none: whatever stands in a log was written by us.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export const REQUEST_ID_HEADER = 'x-request-id'

export interface RequestIds {
  request: string
  trace: string
}

const REQUEST_ID = /^[\w.-]{8,64}$/
/** Version, trace, span, flags. All zeros are no trace, and version ff is none. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

export function requestIdsOf({ headers }: Pick<IncomingMessage, 'headers'>): RequestIds {
  const traceparent = headers['traceparent']
  const given = headers[REQUEST_ID_HEADER]
  const trace =
    TRACEPARENT.exec(typeof traceparent === 'string' ? traceparent : '')?.[1] ?? randomBytes(16).toString('hex')
  return { request: typeof given === 'string' && REQUEST_ID.test(given) ? given : trace, trace }
}
