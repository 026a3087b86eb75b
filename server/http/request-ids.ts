// The id of a request in the log and in its answer, and the id of its trace across programs: from x-request-id, from
// traceparent (W3C Trace Context), or generated here. An id that is not well-formed is ignored, so that senders cannot write
// text of their own into the log.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export const REQUEST_ID_HEADER = 'x-request-id'

export interface RequestIds {
  request: string
  trace: string
}

const REQUEST_ID = /^[\w.-]{8,64}$/
/** Version, trace, span, flags. All zeros and version ff are invalid. */
const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}$/

export function requestIdsOf({ headers }: Pick<IncomingMessage, 'headers'>): RequestIds {
  const traceparent = headers['traceparent']
  const given = headers[REQUEST_ID_HEADER]
  const trace =
    TRACEPARENT.exec(typeof traceparent === 'string' ? traceparent : '')?.[1] ?? randomBytes(16).toString('hex')
  return { request: typeof given === 'string' && REQUEST_ID.test(given) ? given : trace, trace }
}
