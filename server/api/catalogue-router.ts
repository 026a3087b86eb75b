// The catalogue, asked for one code while a device still loads it.
import { z } from 'zod'
import { canonicalCode } from '#shared/values/gtin.ts'
import { nameSchema } from '#shared/values/text.ts'
import { lookUp } from '../reports/lookup-store.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { router, viewerProcedure } from './trpc.ts'

export const catalogueRouter = router({
  /** The item that a code or SKU belongs to, and its positions; null where nobody knows it. */
  lookup: viewerProcedure.input(z.object({ code: nameSchema(128) })).query(async ({ ctx, input: { code } }) => {
    const { orgId } = ctx.viewer
    const found = await ctx.parts.database.snapshot(orgId, (sql) =>
      lookUp(sql, orgId, { code: canonicalCode(code), sku: code }),
    )
    // What a replica does not know, the primary may.
    if (!found && ctx.parts.pulling.isReplica) throw new RequestRefusedError('unavailable')
    return found ?? null
  }),
})
