// The ledger, checked: what `npm run verify` does, for a manager's own organisation.
import type { CheckReport } from '../ledger/ledger-check.ts'
import { checkLedger } from '../ledger/ledger-check.ts'
import { keepReport } from '../ledger/ledger-check-store.ts'
import { managerProcedure, router } from './trpc.ts'

export const ledgerRouter = router({
  check: managerProcedure.mutation(async ({ ctx }): Promise<CheckReport> => {
    const { database } = ctx.parts
    const { orgId } = ctx.viewer
    const atMs = Date.now()
    const report = await checkLedger(database, orgId)
    await keepReport(database, orgId, { report, atMs, tookMs: Date.now() - atMs })
    return report
  }),
})
