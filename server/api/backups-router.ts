// Backups of this installation: managers see them, and ask for one. They hold every organisation, so nobody gets one here.
import { managerProcedure, router } from './trpc.ts'

export const backupsRouter = router({
  list: managerProcedure.query(({ ctx }) => ctx.parts.backups.list()),
  ask: managerProcedure.mutation(async ({ ctx }) => ({ asked: await ctx.parts.backups.ask() })),
})
