// Changes that managers make to people.
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
  /** Changes a role, or disables or enables a person. Managers cannot change themselves, so they cannot lock themselves out. */
  update: managerProcedure.input(updateSchema).mutation(async ({ ctx, input }) => {
    if (input.id === ctx.viewer.userId) throw new RequestRefusedError('role_too_low')
    return { found: await ctx.parts.accounts.updateMember(ctx.viewer.orgId, ctx.viewer.userId, input) }
  }),
})
