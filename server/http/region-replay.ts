// For a server outside the primary region, which has a replica: it answers reads that succeed, and leaves every refusal and
// every write to the primary region, to which Fly.io's proxy replays the request
// (https://fly.io/docs/networking/dynamic-request-routing). Guarantees: only the primary region answers a write, or a read
// that the replica cannot answer yet (a session that was just opened, a version that it does not have, a commit that may be
// lost); a replayed request is never replayed again.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestRefusedError } from '../process/request-refused.ts'
import { errorBody } from './error-body.ts'

/** The proxy cannot replay larger requests. */
const REPLAYED_MAX_BYTES = 1_000_000
/** The status that Fly.io's own libraries use. A device that gets it without a proxy treats it as a failure. */
const REPLAY_STATUS = 409
/** Statuses that depend on the rows of the replica. Malformed or too large requests are the same in every region. */
const LEFT_TO_PRIMARY = new Set([401, 403, 409, 500, 503])
const RETRY_AFTER_S = 2

export function leaveWritesTo(app: FastifyInstance, region: string): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!isProcedure(request) || isRead(request)) return
    if (wasReplayed(request)) return refuseLoop(reply).send(errorBody(new RequestRefusedError('unavailable')))
    if (!(bodyBytes(request) <= REPLAYED_MAX_BYTES)) return reply.code(413).send(tooLarge(region))
    return replay(reply, region).send('')
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (!isProcedure(request) || !isRead(request)) return payload
    // Procedures answer with a Response. Refusals before them only set the status of the reply.
    const status = payload instanceof Response ? payload.status : reply.statusCode
    if (!LEFT_TO_PRIMARY.has(status)) return payload
    reply.removeHeader('content-length')
    if (!wasReplayed(request)) {
      replay(reply, region)
      return ''
    }
    // A refusal by this replica too: its rows may be old.
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
  const message = `This region forwards up to 1 MB. Send smaller parts, or add the header fly-prefer-region: ${region}`
  return { error: { ...body.error, message } }
}

/** Returns NaN if the size is not declared, because it is then not known before the body is read. */
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

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}
