// tRPC as this server uses it: refusals of the one catalogue as errors, and procedures by role.
import { initTRPC, TRPCError } from '@trpc/server'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server'
import type { Role } from '#shared/rows/rows.ts'
import { hasRole } from '#shared/mutations/verb.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import type { Context } from './context.ts'

const CODES: Record<number, TRPC_ERROR_CODE_KEY> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  429: 'TOO_MANY_REQUESTS',
  503: 'SERVICE_UNAVAILABLE',
}

/**
 * The refusal that answers an error. An unexpected failure decided nothing, so it is "try again". Any other error of tRPC
 * (an unknown path, an input of the wrong shape) is "malformed", without the words of a driver or parser.
 */
export function refusalOf(error: unknown): RequestRefusedError {
  if (error instanceof RequestRefusedError) return error
  if (!(error instanceof TRPCError)) return new RequestRefusedError('unavailable', { cause: error })
  if (error.cause instanceof RequestRefusedError) return error.cause
  const isUnexpected = error.code === 'INTERNAL_SERVER_ERROR'
  return new RequestRefusedError(isUnexpected ? 'unavailable' : 'malformed', { cause: error.cause ?? error })
}

/** The code of tRPC for a refusal. */
export function trpcCodeOf({ status }: RequestRefusedError): TRPC_ERROR_CODE_KEY {
  return CODES[status]!
}

/** An error that tRPC answers with the status of its refusal. Procedures get it from `publicProcedure`. */
export function toTrpcError(error: unknown): TRPCError {
  const refused = refusalOf(error)
  return new TRPCError({ code: trpcCodeOf(refused), message: refused.message, cause: refused })
}

const t = initTRPC.context<Context>().create({
  errorFormatter({ shape, error }) {
    const { refusal, lastSeq, message } = refusalOf(error)
    const { stack: _stack, ...data } = shape.data
    return { ...shape, message, data: { ...data, refusal, ...(lastSeq !== undefined && { lastSeq }) } }
  },
})

export const router = t.router

/**
 * Everything that a procedure throws is answered as a refusal of the catalogue. Admission limits all procedures except
 * subscriptions, which do nothing most of the time.
 */
export const publicProcedure = t.procedure
  .use(async ({ next }) => {
    const result = await next()
    if (result.ok || result.error.code !== 'INTERNAL_SERVER_ERROR') return result
    throw toTrpcError(result.error)
  })
  .use(({ ctx, type, next }) => (type === 'subscription' ? next() : ctx.parts.admission.run(() => next())))

/** A procedure for the holder of a token. The module that it calls reads session and role in its own transaction. */
export const tokenProcedure = publicProcedure.use(async ({ ctx, next }) => {
  const claims = ctx.accessToken === undefined ? undefined : await ctx.parts.accounts.claims(ctx.accessToken)
  if (!claims) throw new RequestRefusedError('unauthenticated')
  if (ctx.http) ctx.http.req.about.org = claims.orgId
  return next({ ctx: { ...ctx, claims } })
})

/** A procedure for people with at least the given role. The role is read from the database for every request. */
export function procedureFor(least: Role) {
  return publicProcedure.use(async ({ ctx, next }) => {
    const { accounts } = ctx.parts
    const person = ctx.accessToken === undefined ? undefined : await accounts.authenticate(ctx.accessToken)
    if (!person) throw new RequestRefusedError('unauthenticated')
    if (ctx.http) ctx.http.req.about.org = person.orgId
    if (!hasRole(person.role, least)) throw new RequestRefusedError('role_too_low')
    return next({ ctx: { ...ctx, person, viewer: { orgId: person.orgId, userId: person.userId, role: person.role } } })
  })
}

export const viewerProcedure = procedureFor('viewer')
export const managerProcedure = procedureFor('manager')
