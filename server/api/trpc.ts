// tRPC as this server uses it: refusals of the one catalogue, and procedures by role.
import { initTRPC, TRPCError } from '@trpc/server'
import type { TRPC_ERROR_CODE_KEY } from '@trpc/server'
import type { Role } from '#shared/rows/rows.ts'
import { hasRole } from '#shared/mutations/verb.ts'
import type { RequestRefusal } from '#shared/values/refusals.ts'
import { requestRefusals } from '#shared/values/refusals.ts'
import { PullRefusedError } from '../feed/pull.ts'
import { RequestRefusedError } from '../ledger/commit/batch.ts'
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

/** A whole request that is refused, with what its sender needs to go on. */
export class ApiRefusal extends TRPCError {
  readonly refusal: RequestRefusal
  readonly lastSeq: number | undefined
  readonly retryAfterS: number | undefined

  constructor(
    refusal: RequestRefusal,
    { lastSeq, retryAfterS, cause }: { lastSeq?: number | undefined; retryAfterS?: number; cause?: unknown } = {},
  ) {
    const { status, cause: message } = requestRefusals[refusal]
    super({ code: CODES[status]!, message, ...(cause !== undefined && { cause }) })
    this.refusal = refusal
    this.lastSeq = lastSeq
    this.retryAfterS = retryAfterS ?? (status === 503 ? 2 : undefined)
  }
}

/** Refusals of the domain, and everything else as "try again": an unexpected failure decided nothing. */
export function toRefused(error: unknown): ApiRefusal {
  if (error instanceof ApiRefusal) return error
  if (error instanceof RequestRefusedError || error instanceof PullRefusedError)
    return new ApiRefusal(error.refusal, { lastSeq: error.lastSeq })
  return new ApiRefusal('unavailable', { cause: error })
}

/** Whatever is not of the catalogue is told by its words, not by those of a driver or a parser. */
export function asRefused(error: TRPCError): ApiRefusal {
  if (error instanceof ApiRefusal) return error
  return new ApiRefusal(error.code === 'INTERNAL_SERVER_ERROR' ? 'unavailable' : 'malformed')
}

const t = initTRPC.context<Context>().create({
  errorFormatter({ shape, error }) {
    const { refusal, lastSeq, message } = asRefused(error)
    const { stack: _stack, ...data } = shape.data
    return { ...shape, message, data: { ...data, refusal, ...(lastSeq !== undefined && { lastSeq }) } }
  },
})

export const router = t.router

/** Subscriptions wait most of their time; everything else is work. */
const admitted = t.procedure.use(({ ctx, type, next }) =>
  type === 'subscription' ? next() : ctx.parts.admission.run(() => next()),
)

/** Domain refusals and unexpected failures leave every procedure as refusals of the catalogue. */
export const publicProcedure = admitted.use(async ({ next }) => {
  const result = await next()
  if (result.ok || result.error instanceof ApiRefusal || result.error.code !== 'INTERNAL_SERVER_ERROR') return result
  throw toRefused(result.error.cause ?? result.error)
})

/** A procedure for whoever holds a token. What it delegates to reads session and role in its own transaction. */
export const tokenProcedure = publicProcedure.use(async ({ ctx, next }) => {
  const claims = ctx.accessToken === undefined ? undefined : await ctx.parts.accounts.claims(ctx.accessToken)
  if (!claims) throw new ApiRefusal('unauthenticated')
  if (ctx.http) ctx.http.req.about.org = claims.orgId
  return next({ ctx: { ...ctx, claims } })
})

/** A procedure for people of at least a role, as the database knows them at this moment. */
export function procedureFor(least: Role) {
  return publicProcedure.use(async ({ ctx, next }) => {
    const { accounts } = ctx.parts
    const person = ctx.accessToken === undefined ? undefined : await accounts.authenticate(ctx.accessToken)
    if (!person) throw new ApiRefusal('unauthenticated')
    if (ctx.http) ctx.http.req.about.org = person.orgId
    if (!hasRole(person.role, least)) throw new ApiRefusal('role_too_low')
    return next({ ctx: { ...ctx, person, viewer: { orgId: person.orgId, userId: person.userId, role: person.role } } })
  })
}

export const viewerProcedure = procedureFor('viewer')
export const managerProcedure = procedureFor('manager')
