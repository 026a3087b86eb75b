// People: what managers change about them.
import { z } from 'zod'
import { idSchema } from '#shared/values/id.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import { managerProcedure, router } from './trpc.ts'

const updateSchema = z.strictObject({
  id: idSchema,
  role: z.enum(['viewer', 'staff', 'manager']).optional(),
  disabled: z.boolean().optional(),
})

export const peopleRouter = router({
  /** Changes a role, or lets somebody in or out. Managers cannot lock themselves out. */
  update: managerProcedure.input(updateSchema).mutation(async ({ ctx, input }) => {
    if (input.id === ctx.viewer.userId) throw new RequestRefusedError('role_too_low')
    return { found: await ctx.parts.accounts.updateMember(ctx.viewer.orgId, ctx.viewer.userId, input) }
  }),
})
