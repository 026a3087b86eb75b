// A durable primary with an organisation in it, behind a proxy, and its streaming standby.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { AccessTokens } from '../../server/accounts/access-tokens.ts'
import { Accounts } from '../../server/accounts/accounts.ts'
import { judgeLevels } from '../../server/alerts/judge-levels.ts'
import { Database } from '../../server/database/database.ts'
import { startEmbeddedPostgres } from '../../server/database/embedded-postgres.ts'
import { migrate } from '../../server/database/migrate.ts'
import { Ledger } from '../../server/ledger/ledger.ts'
import type { LedgerUnderTest } from '../support/ledger-under-test.ts'
import { makeOrganisation, stockRoom, TestDevice } from '../support/ledger-under-test.ts'
import { startStandby } from '../support/standby.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

/** `ends` gets what is to be undone, last first. */
export async function primaryAndStandby(parts: LedgerUnderTest, ends: (() => Promise<unknown>)[]) {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-primary-'))
  const log = pino({ level: 'silent' })
  const embedded = await startEmbeddedPostgres({ dataDir, log })
  ends.push(async () => {
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  await migrate(embedded.ownerUrl, { appUrl: embedded.url, log })
  const database = new Database(embedded.url)
  ends.push(() => database.end())
  const ledger = new Ledger({ database, judgeLevels, now: Date.now, publish: () => undefined })
  const accounts = new Accounts({ database, ledger, tokens: new AccessTokens('x'.repeat(40)) })
  const organisation = { ...parts, database, ledger, accounts, ...(await makeOrganisation(accounts)) }
  const room = await stockRoom(new TestDevice(organisation, organisation.manager), { sku: 'CAFE-1' })
  const standby = await startStandby({ ...embedded, dataDir })
  ends.push(() => standby.stop())
  const proxy = await TcpProxy.open(Number(new URL(embedded.url).port))
  ends.push(() => proxy.close())
  const url = new URL(embedded.url)
  url.port = String(proxy.port)
  return { organisation, room, standby, proxy, databaseUrl: url.href, manager: `manager@${organisation.domain}` }
}
