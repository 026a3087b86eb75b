// The Fastify app: the files of the PWA, security headers, health and tRPC.
import type { IncomingMessage } from 'node:http'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import compress from '@fastify/compress'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import type { FastifyTRPCPluginOptions } from '@trpc/server/adapters/fastify'
import { fastifyTRPCPlugin } from '@trpc/server/adapters/fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import Fastify, { LogController } from 'fastify'
import { PROTOCOL_HEADER, PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import type { AppRouter } from '../api/app-router.ts'
import { appRouter } from '../api/app-router.ts'
import type { ApiParts, Context } from '../api/context.ts'
import { bearerToken } from '../api/context.ts'
import { refusalOf } from '../api/trpc.ts'
import type { EndedRequest } from '../metrics/metrics.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { errorBody } from './error-body.ts'
import { recordRequests } from './record-requests.ts'
import { leaveWritesTo } from './region-replay.ts'
import type { RequestIds } from './request-ids.ts'
import { requestIdsOf } from './request-ids.ts'

/**
 * Twice the maximum of a push, so that a push that is too large gets an answer that says so. Fly.io's proxy does not replay
 * larger requests.
 */
const BODY_MAX_BYTES = 1024 * 1024
const COMPRESS_FROM_BYTES = 4 * 1024
/** Its refusals are counted here, because most occur before the procedure begins. */
const PUSH = 'sync.push'

declare module 'fastify' {
  interface FastifyRequest {
    /** The server's clock when the head of the request arrived, Unix ms. */
    receivedAt: number
    /** The organisation and device of the request, for the log. */
    about: { org?: string; device?: string }
  }
}

export interface AppParts {
  api: ApiParts
  log: FastifyBaseLogger
  publicUrl: string
  trustProxy: string[] | undefined
  /** The region that writes, if it is another one. */
  writesIn?: string | undefined
  clientDir: string
  /** Rejects with the cause in words while this process should not get requests. */
  ready: () => Promise<void>
  /** True once this process has to end. It still answers requests, and then closes their connections. */
  isEnding: () => boolean
  /** Called after every answer, except those of health probes. */
  requestEnded: (request: EndedRequest) => void
}

export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: parts.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_MAX_BYTES,
    trustProxy: parts.trustProxy ?? false,
    forceCloseConnections: 'idle', // requests in progress are answered
    return503OnClosing: false,
    routerOptions: { maxParamLength: 5000 },
    requestIdHeader: false,
    genReqId: (raw) => idsOf(raw).request,
    childLoggerFactory: (logger, _bindings, options, raw) => logger.child(idsOf(raw), options),
  })
  app.decorateRequest('receivedAt', 0)
  app.decorateRequest('about')
  app.addHook('onSend', async (_request, reply) => {
    if (parts.isEnding()) reply.header('connection', 'close')
  })
  app.addHook('onRequest', async (request) => {
    request.receivedAt = Date.now()
    // Answers of procedures are streams, which would be compressed at any size. That only helps pages of rows.
    const isSmall = request.url.startsWith('/trpc/') && !request.url.startsWith('/trpc/sync.pull')
    if (isSmall) request.headers['x-no-compression'] = 'true'
  })
  recordRequests(app, parts)
  if (parts.writesIn !== undefined) leaveWritesTo(app, parts.writesIn)
  await app.register(helmet, securityHeaders(parts.publicUrl))
  await app.register(compress, {
    threshold: COMPRESS_FROM_BYTES,
    encodings: ['zstd', 'gzip', 'identity'],
    zlibOptions: { level: 1 }, // for gzip; zstd at its default level is as small in half the time
  })
  await app.register(cookie)
  serveHealth(app, parts)
  await serveApi(app, parts)
  await serveClient(app, parts.clientDir)
  return app
}

const knownIds = new WeakMap<IncomingMessage, RequestIds>()

/** Called twice per request, for its id and for its logger. Both must get the same ids. */
function idsOf(raw: IncomingMessage): RequestIds {
  const known = knownIds.get(raw)
  if (known) return known
  const ids = requestIdsOf(raw)
  knownIds.set(raw, ids)
  return ids
}

/** True for requests of our own pages, and of programs, which do not send an Origin. */
export function isAllowedOrigin({ headers }: Pick<IncomingMessage, 'headers'>, publicUrl: string): boolean {
  const { origin, host } = headers
  if (origin === undefined || origin === publicUrl) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

function serveHealth(app: FastifyInstance, { ready }: AppParts): void {
  app.get('/healthz', async () => ({ ok: true }))
  app.get('/readyz', async (_request, reply) => {
    try {
      await ready()
      return { ok: true }
    } catch (error) {
      return reply.code(503).send({ ok: false, cause: (error as Error).message })
    }
  })
}

async function serveApi(app: FastifyInstance, { api, publicUrl }: AppParts): Promise<void> {
  app.addHook('preHandler', async (request, reply) => {
    if (request.method === 'GET' || !request.url.startsWith('/trpc')) return
    if (!isAllowedOrigin(request.raw, publicUrl))
      await reply.code(403).send(errorBody(new RequestRefusedError('role_too_low')))
  })
  app.addHook('onRequest', async (request) => {
    // tRPC requires a content type even without a body.
    if (request.method === 'POST' && request.url.startsWith('/trpc'))
      request.headers['content-type'] ??= 'application/json'
  })
  app.addHook('onRequest', async (request, reply) => {
    const isNewer = Number(request.headers[PROTOCOL_HEADER]) > PROTOCOL_VERSION // false if it is not a number
    if (!request.url.startsWith('/trpc') || !isNewer) return
    // An app that is newer than this server keeps its data and waits until the server is updated.
    await reply
      .code(503)
      .header('retry-after', String(NEWER_APP_WAIT_S))
      .send(errorBody(new RequestRefusedError('unavailable')))
  })
  app.addHook('onSend', async (request, reply) => {
    if (!request.url.startsWith('/trpc')) return
    reply.header(PROTOCOL_HEADER, PROTOCOL_VERSION)
    reply.header('cache-control', 'no-store')
  })
  app.setErrorHandler(async (error: Error & { statusCode?: number; code?: string }, request, reply) => {
    if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
      if (request.url === `/trpc/${PUSH}`) api.metrics.pushRefused('too_large')
      return reply.code(413).send(errorBody(new RequestRefusedError('too_large')))
    }
    if ((error.statusCode ?? 500) < 500)
      return reply.code(error.statusCode!).send(errorBody(new RequestRefusedError('malformed')))
    request.log.error({ error: error.message, stack: error.stack }, 'a request failed')
    return reply
      .code(503)
      .header('retry-after', '2')
      .send(errorBody(new RequestRefusedError('unavailable')))
  })
  // The body is not read here. A procedure that needs it reads it from the request, once it knows the sender.
  app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null, ''))
  await app.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: {
      router: appRouter,
      allowBatching: false,
      createContext: ({ req, res }): Context => ({
        parts: api,
        accessToken: bearerToken(req.headers.authorization),
        receivedAt: req.receivedAt,
        http: { req, res, address: req.ip },
      }),
      responseMeta: ({ errors }) => {
        const cause = errors[0]?.cause
        return cause instanceof RequestRefusedError && cause.retryAfterS !== undefined
          ? { headers: { 'retry-after': String(cause.retryAfterS) } }
          : {}
      },
      onError: ({ error, path, req }) => {
        const { refusal, cause } = refusalOf(error)
        if (path === PUSH) api.metrics.pushRefused(refusal)
        if (error.code === 'INTERNAL_SERVER_ERROR')
          req.log.error({ path, error: error.message, stack: error.stack }, 'a procedure failed')
        else if (refusal === 'unavailable') req.log.warn({ path, error: String(cause) }, 'answered 503')
      },
    } satisfies FastifyTRPCPluginOptions<AppRouter>['trpcOptions'],
  })
}

/** How long a rolling update may take to replace servers that are older than the app. */
const NEWER_APP_WAIT_S = 30

async function serveClient(app: FastifyInstance, clientDir: string): Promise<void> {
  if (!existsSync(join(clientDir, 'index.html'))) return
  await app.register(fastifyStatic, {
    root: clientDir,
    wildcard: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('cache-control', path.includes('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.setNotFoundHandler(async (request, reply) => {
    const isPage = request.method === 'GET' && request.headers.accept?.includes('text/html')
    if (!isPage || request.url.startsWith('/trpc'))
      return reply.code(404).send(errorBody(new RequestRefusedError('malformed')))
    return reply.sendFile('index.html')
  })
}

function securityHeaders(publicUrl: string) {
  const isHttps = publicUrl.startsWith('https:')
  const self = ["'self'"]
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: self,
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        styleSrc: self,
        imgSrc: ["'self'", 'data:', 'blob:'],
        connectSrc: self,
        workerSrc: self,
        manifestSrc: self,
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: self,
        frameAncestors: ["'none'"],
      },
    },
    hsts: isHttps ? { maxAge: 31_536_000, includeSubDomains: true } : false,
    crossOriginOpenerPolicy: { policy: 'same-origin' as const },
    referrerPolicy: { policy: 'same-origin' as const },
  }
}
