// Looks up one code in the catalogue, for a device that is still loading it.
import { z } from 'zod'
import { canonicalCode } from '#shared/values/gtin.ts'
import { nameSchema } from '#shared/values/text.ts'
import { lookUp } from '../reports/lookup-store.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { router, viewerProcedure } from './trpc.ts'

export const catalogueRouter = router({
  /** The item with a barcode or SKU, and its positions. Null if nobody has this code. */
  lookup: viewerProcedure.input(z.object({ code: nameSchema(128) })).query(async ({ ctx, input: { code } }) => {
    const { orgId } = ctx.viewer
    const found = await ctx.parts.database.snapshot(orgId, (sql) =>
      lookUp(sql, orgId, { code: canonicalCode(code), sku: code }),
    )
    // The replica may lag, so the primary has to answer.
    if (!found && ctx.parts.pulling.isReplica) throw new RequestRefusedError('unavailable')
    return found ?? null
  }),
})
