// Movements of the ledger in pages, newest first.
import { z } from 'zod'
import { idSchema } from '#shared/values/id.ts'
import { formatStamp } from '#shared/values/stamp.ts'
import { requireVersion } from '../feed/pull.ts'
import { listMovements } from '../reports/movements-store.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { router, viewerProcedure } from './trpc.ts'

const PAGE_MAX = 500
const timeSchema = z
  .int()
  .min(0)
  .max(2 ** 47)

const listSchema = z.object({
  itemId: z.optional(idSchema),
  locationId: z.optional(idSchema),
  kind: z.enum(['receive', 'withdraw', 'transfer_out', 'transfer_in', 'count', 'void']).optional(),
  userId: z.optional(idSchema),
  from: timeSchema.optional(),
  to: timeSchema.optional(),
  cursor: z.string().max(200).nullable().optional(),
  limit: z.int().min(1).max(PAGE_MAX).optional(),
  /** The version that the device holds, so that the list contains its own movements. */
  atLeast: z.int().min(0).optional(),
})
const cursorSchema = z.object({
  at: z
    .string()
    .max(40)
    .regex(/^[\da-f-]*$/),
  no: z.int().min(0),
})

export const movementsRouter = router({
  list: viewerProcedure.input(listSchema).query(async ({ ctx, input }) => {
    const { from, to, cursor, limit = 50, atLeast, ...filter } = input
    const { orgId } = ctx.viewer
    const after = cursor ? parseCursor(cursor) : undefined
    const rows = await ctx.parts.database.snapshot(orgId, async (sql) => {
      await requireVersion(ctx.parts.pulling, sql, orgId, atLeast)
      return listMovements(sql, orgId, { ...filter, fromStamp: stampAt(from), toStamp: stampAt(to), after, limit })
    })
    const last = rows.length === limit ? rows.at(-1) : undefined
    return { rows: [...rows], cursor: last ? formatCursor(last) : null }
  }),
})

function stampAt(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatStamp({ ms, counter: 0, device: '00000000' })
}

function formatCursor({ at, no }: { at: string; no: number }): string {
  return Buffer.from(JSON.stringify({ at, no })).toString('base64url')
}

function parseCursor(text: string): { at: string; no: number } {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')))
  } catch {
    throw new RequestRefusedError('malformed')
  }
}
