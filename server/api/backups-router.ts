// Backups of this installation. Managers see the list and can request a backup. Nobody can download one here, because a
// backup contains every organisation.
import { managerProcedure, router } from './trpc.ts'

export const backupsRouter = router({
  list: managerProcedure.query(({ ctx }) => ctx.parts.backups.list()),
  ask: managerProcedure.mutation(async ({ ctx }) => ({ asked: await ctx.parts.backups.ask() })),
})
