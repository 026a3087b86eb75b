// A primary with an organisation, behind a proxy, and its streaming standby.
import type { LedgerUnderTest } from '../support/ledger-under-test.ts'
import { stockRoom, TestDevice } from '../support/ledger-under-test.ts'
import { startStandby } from '../support/programs/standby.ts'
import { addOrganisation, startPrimary } from './primary.ts'

/** Cleanups are added to `cleanups`, which run last first. */
export async function startPrimaryAndStandby(parts: LedgerUnderTest, cleanups: (() => Promise<unknown>)[]) {
  const { dataDir, proxy, databaseUrl, directUrl, ownerUrl } = await startPrimary(cleanups)
  const organisation = await addOrganisation(parts, directUrl, cleanups)
  const room = await stockRoom(new TestDevice(organisation, organisation.manager), { sku: 'CAFE-1' })
  const standby = await startStandby({ url: directUrl, ownerUrl, dataDir })
  cleanups.push(() => standby.stop())
  return { organisation, room, standby, proxy, databaseUrl, manager: `manager@${organisation.domain}` }
}
