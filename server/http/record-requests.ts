// What becomes of each request, told once it is answered (or once its sender has gone). Guarantees: routes are names of
// ours, so whatever somebody asks for there are few of them; probes of health are left out.
import type { FastifyInstance } from 'fastify'
import { appRouter } from '../api/app-router.ts'
import type { EndedRequest } from '../metrics/metrics.ts'

const PROCEDURES = new Set(Object.keys(appRouter._def.procedures))
const PROBES = ['/healthz', '/readyz']

export function recordRequests(
  app: FastifyInstance,
  { requestEnded }: { requestEnded: (request: EndedRequest) => void },
) {
  app.addHook('onResponse', async (request, reply) => {
    const [path = ''] = request.url.split('?')
    if (PROBES.includes(path)) return
    const { method } = request
    requestEnded({ method, route: routeOf(path), status: reply.statusCode, durationMs: reply.elapsedTime })
  })
}

function routeOf(path: string): string {
  if (path.startsWith('/trpc/')) {
    const procedure = path.slice('/trpc/'.length)
    return PROCEDURES.has(procedure) ? procedure : 'unknown'
  }
  if (path.startsWith('/assets/')) return 'asset'
  return /\.\w+$/.test(path) ? 'file' : 'page'
}
