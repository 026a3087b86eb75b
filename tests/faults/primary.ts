// A separate durable PostgreSQL behind a proxy, which can be killed or replaced, and an organisation in it.
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
import { TcpProxy } from '../support/network/tcp-proxy.ts'

type Cleanups = (() => Promise<unknown>)[]

/** Migrated, and reachable through the proxy at `databaseUrl`. Cleanups are added to `cleanups`, which run last first. */
export async function startPrimary(cleanups: Cleanups) {
  const dataDir = mkdtempSync(join(tmpdir(), 'stockhand-primary-'))
  const log = pino({ level: 'silent' })
  let embedded = await startEmbeddedPostgres({ dataDir, log })
  cleanups.push(async () => {
    await embedded.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  await migrate(embedded.ownerUrl, { appUrl: embedded.url, log })
  const proxy = await TcpProxy.open(Number(new URL(embedded.url).port))
  cleanups.push(() => proxy.close())
  const url = new URL(embedded.url)
  url.port = String(proxy.port)
  const { url: directUrl, ownerUrl } = embedded
  return {
    dataDir,
    proxy,
    databaseUrl: url.href,
    /** Without the proxy. */
    directUrl,
    ownerUrl,
    /** Kills the database (SIGKILL) and starts it again behind the proxy. */
    killAndStart: async () => {
      const postmaster = Number(readFileSync(join(dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
      process.kill(postmaster, 'SIGKILL')
      await embedded.stop().catch(() => undefined)
      embedded = await startEmbeddedPostgres({ dataDir, log })
      proxy.retarget(Number(new URL(embedded.url).port))
    },
  }
}

/** Creates an organisation in that database. */
export async function addOrganisation(parts: LedgerUnderTest, url: string, cleanups: Cleanups) {
  const database = new Database(url)
  cleanups.push(() => database.end())
  const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
  const accounts = new Accounts({ database, ledger, tokens: new AccessTokens('x'.repeat(40)) })
  return { ...parts, database, ledger, accounts, ...(await makeOrganisation(accounts)) }
}
