// The scheduled jobs of the ledger: its check, and housekeeping.
import type { Logger } from 'pino'
import type { Database } from '../database/database.ts'
import { listOrganisations } from '../database/organisations-store.ts'
import { checkAndStore } from '../ledger/verify/ledger-check.ts'
import { deleteOldTombstones, countBlocked } from '../ledger/store/housekeeping-store.ts'
import type { JobTask } from './jobs.ts'

export interface LedgerTaskParts {
  database: Database
  /** Decides the blocked mutations whose missing rows exist by now. */
  retryBlocked: (orgId: string) => Promise<void>
  now: () => number
  log: Logger
}

export function ledgerTasks({ database, retryBlocked, now, log }: LedgerTaskParts): JobTask[] {
  /** Continues with the other organisations if one fails. */
  const forEach = async (work: (orgId: string) => Promise<void>) => {
    const failures: unknown[] = []
    for (const { orgId } of await listOrganisations(database)) {
      await work(orgId).catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw new AggregateError(failures, `not done for ${failures.length} organisation(s)`)
  }
  const check = async (orgId: string) => {
    const { findings } = await checkAndStore(database, orgId, now)
    if (findings.length > 0) log.error({ orgId, findings }, 'the ledger check has findings')
  }
  const tidy = async (orgId: string) => {
    await deleteOldTombstones(database, orgId, now())
    await countBlocked(database, orgId)
    await retryBlocked(orgId)
  }
  return [
    { name: 'ledger-check', cron: '30 2 * * *', run: () => forEach(check) },
    { name: 'housekeeping', cron: '0 3 * * *', run: () => forEach(tidy) },
  ]
}
