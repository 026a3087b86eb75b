// Records each request after its answer, or after its sender disconnected: a line in the log and a number for metrics.
// Guarantees: a route is one of a few names of ours, whatever the URL is; the line has the ids of the organisation and the
// device, but neither content nor people; health probes are left out.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { appRouter } from '../api/app-router.ts'
import type { EndedRequest } from '../metrics/metrics.ts'
import { REQUEST_ID_HEADER } from './request-ids.ts'

const PROCEDURES = new Set(Object.keys(appRouter._def.procedures))
const PROBES = ['/healthz', '/readyz']

export function recordRequests(
  app: FastifyInstance,
  { requestEnded }: { requestEnded: (request: EndedRequest) => void },
): void {
  app.addHook('onRequest', async (request, reply) => {
    request.about = {}
    reply.header(REQUEST_ID_HEADER, request.id)
  })
  app.addHook('onResponse', async (request, reply) => {
    const [path = ''] = request.url.split('?')
    if (PROBES.includes(path)) return
    const { method } = request
    const ended = { method, route: routeOf(path), status: reply.statusCode, durationMs: reply.elapsedTime }
    requestEnded(ended)
    const level = isRead(request) && ended.status < 400 ? 'debug' : 'info'
    request.log[level]({ ...ended, durationMs: Math.round(ended.durationMs * 10) / 10, ...request.about }, 'request')
  })
}

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

function routeOf(path: string): string {
  if (path.startsWith('/trpc/')) {
    const procedure = path.slice('/trpc/'.length)
    return PROCEDURES.has(procedure) ? procedure : 'unknown'
  }
  if (path.startsWith('/assets/')) return 'asset'
  return /\.\w+$/.test(path) ? 'file' : 'page'
}
