// A durable PostgreSQL of its own behind a proxy, to be killed or left behind, and an organisation in it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { AccessTokens } from '../../server/accounts/access-tokens.ts'
import { Accounts } from '../../server/accounts/accounts.ts'
import { alertRules } from '../../server/alerts/alert-rules.ts'
import { Database } from '../../server/database/database.ts'
import { startEmbeddedPostgres } from '../../server/database/embedded/embedded-postgres.ts'
import { migrate } from '../../server/database/schema/migrate.ts'
import { Ledger } from '../../server/ledger/ledger.ts'
import type { LedgerUnderTest } from '../support/ledger-under-test.ts'
import { makeOrganisation } from '../support/ledger-under-test.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'

type Ends = (() => Promise<unknown>)[]

/** Migrated, and reached through the proxy at `databaseUrl`. `ends` gets what is to be undone, last first. */
export async function startPrimary(ends: Ends) {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-primary-'))
  const log = pino({ level: 'silent' })
  let embedded = await startEmbeddedPostgres({ dataDir, log })
  ends.push(async () => {
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  await migrate(embedded.ownerUrl, { appUrl: embedded.url, log })
  const proxy = await TcpProxy.open(Number(new URL(embedded.url).port))
  ends.push(() => proxy.close())
  const url = new URL(embedded.url)
  url.port = String(proxy.port)
  const { url: directUrl, ownerUrl } = embedded
  return {
    dataDir,
    proxy,
    databaseUrl: url.href,
    /** Past the proxy. */
    directUrl,
    ownerUrl,
    /** SIGKILL, and up again behind the proxy. */
    killAndStart: async () => {
      const postmaster = Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
      process.kill(postmaster, 'SIGKILL')
      await embedded.stop().catch(() => undefined)
      embedded = await startEmbeddedPostgres({ dataDir, log })
      proxy.retarget(Number(new URL(embedded.url).port))
    },
  }
}

/** An organisation of its own in that database. */
export async function furnish(parts: LedgerUnderTest, url: string, ends: Ends) {
  const database = new Database(url)
  ends.push(() => database.end())
  const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
  const accounts = new Accounts({ database, ledger, tokens: new AccessTokens('x'.repeat(40)) })
  return { ...parts, database, ledger, accounts, ...(await makeOrganisation(accounts)) }
}
