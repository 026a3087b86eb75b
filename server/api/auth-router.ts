// Signing in and out. The refresh token is in a cookie that scripts cannot read. Devices hold the access token.
import { z } from 'zod'
import { loginSchema } from '#shared/protocol/wire.ts'
import type { SignedIn } from '#shared/protocol/wire.ts'
import { nameSchema } from '#shared/values/text.ts'
import type { Issued } from '../accounts/accounts.ts'
import { REFRESH_TTL_DAYS } from '../accounts/accounts.ts'
import type { Context } from './context.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { publicProcedure, router, viewerProcedure } from './trpc.ts'

const COOKIE = 'stockhand_refresh'
const PASSWORD_MIN = 10
const DAY_S = 86_400

const setupSchema = z.object({
  token: z.string(),
  organisation: nameSchema(120),
  name: nameSchema(120),
  email: z.email().max(254),
  password: z.string().min(PASSWORD_MIN).max(1000),
})

export const authRouter = router({
  login: publicProcedure.input(loginSchema).mutation(async ({ ctx, input }): Promise<SignedIn> => {
    const { accounts, loginLimits } = ctx.parts
    const address = ctx.http?.address ?? 'socket'
    const waitS = await loginLimits.attempt(input.email, address)
    if (waitS > 0) throw new RequestRefusedError('rate_limited', { retryAfterS: waitS })
    const issued = await accounts.login(input.email, input.password)
    if (!issued) throw new RequestRefusedError('bad_credentials')
    if (issued === 'disabled') throw new RequestRefusedError('disabled')
    await loginLimits.succeeded(input.email, address)
    return withCookie(ctx, issued)
  }),

  refresh: publicProcedure.mutation(async ({ ctx }): Promise<SignedIn> => {
    const token = ctx.http?.req.cookies[COOKIE]
    const issued = token === undefined ? undefined : await ctx.parts.accounts.refresh(token)
    if (issued === 'disabled') throw new RequestRefusedError('disabled')
    if (!issued) throw new RequestRefusedError('unauthenticated')
    return withCookie(ctx, issued)
  }),

  logout: publicProcedure.mutation(async ({ ctx }) => {
    const token = ctx.http?.req.cookies[COOKIE]
    if (token !== undefined) await ctx.parts.accounts.logout(token)
    ctx.http?.res.clearCookie(COOKIE, { path: '/trpc' })
    return {}
  }),

  me: viewerProcedure.query(({ ctx: { person } }): Pick<SignedIn, 'user' | 'org'> => ({
    user: { id: person.userId, name: person.name, email: person.email, role: person.role },
    org: { id: person.orgId, name: person.orgName },
  })),

  /** Whether this server has no organisation yet. */
  setupNeeded: publicProcedure.query(async ({ ctx }) => ({
    needed: ctx.parts.setupToken !== undefined && (await ctx.parts.accounts.needsSetup()),
  })),

  setup: publicProcedure.input(setupSchema).mutation(async ({ ctx, input }): Promise<SignedIn> => {
    const { accounts, setupToken, loginLimits } = ctx.parts
    const address = ctx.http?.address ?? 'socket'
    const waitS = await loginLimits.attempt('setup', address)
    if (waitS > 0) throw new RequestRefusedError('rate_limited', { retryAfterS: waitS })
    if (setupToken === undefined || input.token.trim() !== setupToken || !(await accounts.needsSetup())) {
      throw new RequestRefusedError('bad_credentials')
    }
    const { name, email, password, organisation } = input
    const { orgId, users } = await accounts.createOrganisation({
      name: organisation,
      currency: 'EUR',
      people: [{ name, email, password, role: 'manager' }],
    })
    return withCookie(ctx, (await accounts.openSession(orgId, users[0]!.id))!)
  }),
})

function withCookie({ http }: Context, { signedIn, refreshToken }: Issued): SignedIn {
  if (http && refreshToken !== '') {
    http.res.setCookie(COOKIE, refreshToken, {
      path: '/trpc',
      httpOnly: true,
      sameSite: 'strict',
      secure: http.req.protocol === 'https',
      maxAge: REFRESH_TTL_DAYS * DAY_S,
    })
  }
  return signedIn
}
