// Runs the ledger check of `npm run verify` for a manager's own organisation.
import type { CheckReport } from '../ledger/verify/ledger-check.ts'
import { checkAndStore } from '../ledger/verify/ledger-check.ts'
import { managerProcedure, router } from './trpc.ts'

export const ledgerRouter = router({
  check: managerProcedure.mutation(({ ctx }): Promise<CheckReport> =>
    checkAndStore(ctx.parts.database, ctx.viewer.orgId, Date.now),
  ),
})
