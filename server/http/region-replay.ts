// In a region that is not the primary one, next to a replica: says yes by itself, and leaves every no and every write to
// the primary region, to which Fly.io's proxy replays the request (https://fly.io/docs/networking/dynamic-request-routing).
// Guarantees: whatever writes is answered by the primary region alone; so is whatever the replica cannot answer yet: a
// session that was opened a moment ago, a version that it lags behind, a commit that somebody else may have lost; what
// was replayed once is never replayed again.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestRefusedError } from '../process/request-refused.ts'
import { errorBody } from './error-body.ts'

/** The proxy fails for larger ones. */
const REPLAYED_MAX_BYTES = 1_000_000
/** As Fly.io's own libraries answer; a device that no proxy stands before takes it for no answer. */
const REPLAY_STATUS = 409
/** What the replica's rows decide. What is malformed, too large or too much at once is so in every region. */
const THE_PRIMARYS_TO_SAY = new Set([401, 403, 409, 500, 503])
const RETRY_AFTER_S = 2

export function leaveWritesTo(app: FastifyInstance, region: string): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isProcedure(request) || isReading(request)) return
    if (wasReplayed(request)) return refuseLoop(reply).send(errorBody(new RequestRefusedError('unavailable')))
    if (!(bodyBytes(request) <= REPLAYED_MAX_BYTES)) return reply.code(413).send(tooLarge(region))
    return replay(reply, region).send('')
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isProcedure(request) || !isReading(request)) return payload
    // Procedures answer with a Response; what refuses before them, with a status of its own.
    const status = payload instanceof Response ? payload.status : reply.statusCode
    if (!THE_PRIMARYS_TO_SAY.has(status)) return payload
    reply.removeHeader('content-length')
    if (!wasReplayed(request)) {
      replay(reply, region)
      return ''
    }
    // Also a "no": this replica does not know.
    refuseLoop(reply).type('application/json')
    return JSON.stringify(errorBody(new RequestRefusedError('unavailable')))
  })
}

function replay(reply: FastifyReply, region: string): FastifyReply {
  return reply.code(REPLAY_STATUS).removeHeader('content-type').header('fly-replay', `region=${region}`)
}

function refuseLoop(reply: FastifyReply): FastifyReply {
  return reply.code(503).header('retry-after', RETRY_AFTER_S)
}

function tooLarge(region: string) {
  const body = errorBody(new RequestRefusedError('too_large'))
  const message = `This region passes on up to 1 MB. Send it in smaller parts, or with the header fly-prefer-region: ${region}`
  return { error: { ...body.error, message } }
}

/** NaN where it is not said: then nobody knows in time. */
function bodyBytes({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return Number.NaN
  return Number(headers['content-length'] ?? 0)
}

function wasReplayed({ headers }: FastifyRequest): boolean {
  return headers['fly-replay-src'] !== undefined
}

function isProcedure({ url }: FastifyRequest): boolean {
  return url.startsWith('/trpc/')
}

function isReading({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
