// Wiring only: builds the parts of a server and starts it.
import { join } from 'node:path'
import type { Logger } from 'pino'
import { AccessTokens } from './accounts/access-tokens.ts'
import { Accounts } from './accounts/accounts.ts'
import { LoginLimits } from './accounts/login-limits.ts'
import { judgeLevels } from './alerts/judge-levels.ts'
import { Admission } from './api/admission.ts'
import { appRouter } from './api/app-router.ts'
import type { ApiParts } from './api/context.ts'
import type { CommitNotice } from './bus/commit-notice.ts'
import { openBus } from './bus/bus.ts'
import type { Config } from './config.ts'
import { Database } from './database/database.ts'
import type { Demo } from './demo/demo.ts'
import { prepareDemo } from './demo/demo.ts'
import { Cursors } from './feed/cursor.ts'
import { LiveFeed } from './feed/live.ts'
import type { PullParts } from './feed/pull.ts'
import { serveSockets } from './feed/socket-server.ts'
import { buildApp, isAllowedOrigin } from './http/app.ts'
import { Importer } from './imports/importer.ts'
import { Jobs } from './jobs/jobs.ts'
import { ledgerTasks } from './jobs/ledger-tasks.ts'
import { Ledger } from './ledger/ledger.ts'
import { keptSecret } from './kept-secret.ts'
import { setupTokenOf } from './setup-token.ts'

export interface ServerOptions {
  config: Config
  /** Prepared for this version. */
  database: { url: string; embedded: boolean }
  log: Logger
}

export interface RunningServer {
  url: string
  /** The demo's people, where this server has them, and their password where this start made or changed it. */
  demo?: Demo
  /** What the first visit must know, where there is no organisation yet. */
  setupToken?: string
  stop(): Promise<void>
}

const CLIENT_DIR = join(import.meta.dirname, '../dist/client')

export async function startServer({ config, database: { url, embedded }, log }: ServerOptions): Promise<RunningServer> {
  const database = new Database(url)
  await database.ready()
  const secret = config.jwtSecret ?? keptSecret(config.dataDir, 'jwt-secret')
  const replica = config.databaseReplicaUrl === undefined ? undefined : new Database(config.databaseReplicaUrl)
  const pulling: PullParts = {
    primary: database,
    replica,
    cursors: new Cursors(secret),
    lostCommits: (orgId, seen) => ledger.beginEpoch(orgId, { lost: seen }),
    now: Date.now,
  }
  const feed = new LiveFeed(pulling)
  const bus = openBus<CommitNotice>({ redisUrl: config.redisUrl, deliver: (notice) => feed.deliver(notice), log })
  const ledger = new Ledger({ database, judgeLevels, now: Date.now, publish: (notice) => bus.publish(notice) })
  const tokens = new AccessTokens(secret)
  const accounts = new Accounts({ database, ledger, tokens })
  const demo = embedded ? await prepareDemo({ accounts, ledger, password: config.demoPassword }) : undefined
  const setupToken = !embedded && (await accounts.needsSetup()) ? setupTokenOf(secret) : undefined
  const importer = new Importer({ database, ledger, now: Date.now })
  const api: ApiParts = {
    admission: new Admission(),
    accounts,
    database,
    feed,
    pulling,
    importer,
    ledger,
    loginLimits: new LoginLimits(),
    setupToken,
  }
  const app = await buildApp({
    api,
    log,
    publicUrl: config.publicUrl,
    trustProxy: config.trustProxy,
    clientDir: CLIENT_DIR,
    ready: () => database.ready(),
  })
  const closeSockets = serveSockets({
    server: app.server,
    router: appRouter,
    createContext: (accessToken) => ({ parts: api, accessToken, receivedAt: Date.now() }),
    isAllowedOrigin: (request) => isAllowedOrigin(request, config.publicUrl),
  })
  let jobs: Jobs | undefined
  const stop = async () => {
    await jobs?.stop()
    await closeSockets()
    await app.close()
    await ledger.drained()
    await bus.close()
    await Promise.all([database.end(), replica?.end()])
  }
  try {
    if (config.roles.includes('worker')) jobs = await startJobs({ url, database, log })
    await app.listen({ port: config.port, host: '0.0.0.0' })
  } catch (error) {
    await stop()
    throw error
  }
  return { url: config.publicUrl, ...(demo && { demo }), ...(setupToken !== undefined && { setupToken }), stop }
}

async function startJobs({ url, database, log }: { url: string; database: Database; log: Logger }): Promise<Jobs> {
  const jobs = new Jobs({ url, log, tasks: ledgerTasks({ database, now: Date.now, log }) })
  await jobs.start()
  return jobs
}
