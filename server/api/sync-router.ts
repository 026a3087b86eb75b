// Push and pull: parse, authorise, delegate.
import type { Envelope } from '#shared/mutations/envelope.ts'
import { envelopeSchema } from '#shared/mutations/envelope.ts'
import type { PullAnswer, PushAnswer } from '#shared/protocol/wire.ts'
import { PUSH_MAX, PUSH_MAX_BYTES } from '#shared/protocol/limits.ts'
import { pullSchema, pushFrameSchema } from '#shared/protocol/wire.ts'
import { z } from 'zod'
import { idSchema } from '#shared/values/id.ts'
import type { Claims } from '../accounts/access-tokens.ts'
import { readHead } from '../feed/feed-store.ts'
import { pull } from '../feed/pull.ts'
import type { ApiParts, Context } from './context.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { router, refusalOf, tokenProcedure, viewerProcedure } from './trpc.ts'

export const syncRouter = router({
  push: tokenProcedure.input(z.unknown()).mutation(async ({ ctx, input }): Promise<PushAnswer> => {
    try {
      const { clientId, epoch, deviceNow, envelopes } = parsePush(input, ctx)
      const { userId, orgId, sessionId } = ctx.claims
      if (ctx.http) ctx.http.req.about.device = clientId
      const device = { epoch, deviceNow, serverNow: ctx.receivedAt }
      const answer = await ctx.parts.ledger.push(orgId, { userId, sessionId, clientId, envelopes, device })
      ctx.parts.metrics.pushAccepted({ envelopes, results: answer.results, deviceNow })
      return { ...answer, serverNow: ctx.receivedAt }
    } catch (error) {
      throw await withLastSeq(refusalOf(error), input, { parts: ctx.parts, claims: ctx.claims })
    }
  }),

  pull: viewerProcedure.input(pullSchema).query(async ({ ctx, input }): Promise<PullAnswer> => {
    if (ctx.http && input.clientId !== undefined) ctx.http.req.about.device = input.clientId
    const answer = await pull(ctx.parts.pulling, ctx.viewer, input)
    ctx.parts.metrics.pulled(answer)
    return answer
  }),
})

function parsePush(
  input: unknown,
  ctx: Context,
): { clientId: string; epoch: number; deviceNow: number; envelopes: Envelope[] } {
  if (bodyBytes(input, ctx) > PUSH_MAX_BYTES) throw new RequestRefusedError('too_large')
  const frame = pushFrameSchema.safeParse(input)
  if (!frame.success) throw new RequestRefusedError('malformed', { cause: frame.error })
  const { mutations, ...rest } = frame.data
  if (mutations.length > PUSH_MAX) throw new RequestRefusedError('too_many')
  const envelopes = z.array(envelopeSchema).safeParse(mutations)
  if (!envelopes.success) throw new RequestRefusedError('malformed', { cause: envelopes.error })
  const [first] = envelopes.data
  if (envelopes.data.some(({ seq }, index) => seq !== first!.seq + index)) throw new RequestRefusedError('malformed')
  return { ...rest, envelopes: envelopes.data }
}

function bodyBytes(input: unknown, { http }: Context): number {
  const declared = Number(http?.req.headers['content-length'])
  if (Number.isFinite(declared)) return declared
  try {
    return Buffer.byteLength(JSON.stringify(input) ?? '')
  } catch (cause) {
    throw new RequestRefusedError('malformed', { cause }) // nested too deeply to be serialized
  }
}

/** Adds the lastSeq to a refusal, because the device continues from there. */
async function withLastSeq(
  refused: RequestRefusedError,
  input: unknown,
  { parts, claims }: { parts: ApiParts; claims: Claims },
): Promise<RequestRefusedError> {
  if (refused.lastSeq !== undefined) return refused
  const clientId = z.object({ clientId: idSchema }).safeParse(input).data?.clientId
  if (clientId === undefined || refused.refusal === 'unavailable') return refused
  const head = await parts.database
    .snapshot(claims.orgId, (sql) => readHead(sql, claims, { clientId }))
    .catch(() => undefined)
  return new RequestRefusedError(refused.refusal, { lastSeq: head?.lastSeq ?? 0, cause: refused.cause })
}
