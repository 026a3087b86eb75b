// A primary with an organisation in it, behind a proxy, and its streaming standby.
import type { LedgerUnderTest } from '../support/ledger-under-test.ts'
import { stockRoom, TestDevice } from '../support/ledger-under-test.ts'
import { startStandby } from '../support/standby.ts'
import { furnish, startPrimary } from './primary.ts'

/** `ends` gets what is to be undone, last first. */
export async function primaryAndStandby(parts: LedgerUnderTest, ends: (() => Promise<unknown>)[]) {
  const { dataDir, proxy, databaseUrl, directUrl, ownerUrl } = await startPrimary(ends)
  const organisation = await furnish(parts, directUrl, ends)
  const room = await stockRoom(new TestDevice(organisation, organisation.manager), { sku: 'CAFE-1' })
  const standby = await startStandby({ url: directUrl, ownerUrl, dataDir })
  ends.push(() => standby.stop())
  return { organisation, room, standby, proxy, databaseUrl, manager: `manager@${organisation.domain}` }
}
