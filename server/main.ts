// Wiring only: builds the parts of a server and starts those that its roles need.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import { ALERT_KINDS } from '#shared/rows/rows.ts'
import { AccessTokens } from './accounts/access-tokens.ts'
import { Accounts } from './accounts/accounts.ts'
import { LoginLimits } from './accounts/login-limits.ts'
import { alertRules } from './alerts/alert-rules.ts'
import { Admission } from './api/admission.ts'
import { appRouter } from './api/app-router.ts'
import type { ApiParts } from './api/context.ts'
import { socketContext } from './api/context.ts'
import { backupStorage } from './backups/backup-storage.ts'
import { findLastDone, listBackups } from './backups/backup-store.ts'
import { isBackupDue, makeBackup } from './backups/make-backup.ts'
import type { Bus } from './bus/bus.ts'
import { openBus } from './bus/bus.ts'
import type { ServerEvent } from './events/commit-event.ts'
import type { Config } from './process/config.ts'
import { Database } from './database/database.ts'
import type { Demo } from './demo/demo.ts'
import { prepareDemo } from './demo/demo.ts'
import { Cursors } from './feed/cursor.ts'
import { LiveFeed } from './feed/live.ts'
import { PagePrefetch } from './feed/page-prefetch.ts'
import type { PullParts } from './feed/pull.ts'
import type { SocketServer } from './feed/socket-server.ts'
import { serveSockets } from './feed/socket-server.ts'
import { buildApp, isAllowedOrigin } from './http/app.ts'
import { Importer } from './imports/importer.ts'
import type { JobTask } from './jobs/jobs.ts'
import { Jobs } from './jobs/jobs.ts'
import { ledgerTasks } from './jobs/ledger-tasks.ts'
import { persistedSecret } from './process/persisted-secret.ts'
import { Ledger } from './ledger/ledger.ts'
import { InstallationGauges } from './metrics/installation-gauges.ts'
import { Metrics } from './metrics/metrics.ts'
import { serveOperations } from './metrics/operations-server.ts'
import { setupTokenOf } from './process/setup-token.ts'
import { VERSION } from './process/version.ts'

export interface ServerOptions {
  config: Config
  /** It must be migrated to this version. */
  database: { url: string; ownerUrl: string; embedded: boolean }
  log: Logger
}

export interface RunningServer {
  url: string
  /** The demo's people, if they exist, and their password, if this start created or changed it. */
  demo?: Demo
  /** The token for creating the first organisation, if there is none yet. */
  setupToken?: string
  stop(): Promise<void>
}

/** Sockets reconnect over this time, and not all at once. A longer time would make an update of ten servers take minutes. */
const MOVE_SPREAD_MAX_MS = 5_000
/** Requests in progress take at most a second, except imports, which can be started again. */
const ANSWER_TIMEOUT_MS = 4_000
const BACKUP_JOB = 'backup'
const BACKUPS_SHOWN = 20
/** Every manager can request a backup. Each is a dump of everything that is kept for at least two days. */
const BACKUP_INTERVAL_MIN_MS = 5 * 60_000
const CLIENT_DIR = join(import.meta.dirname, '../dist/client')

export async function startServer({ config, database: prepared, log }: ServerOptions): Promise<RunningServer> {
  const { url, ownerUrl, embedded } = prepared
  const database = new Database(url)
  await database.ready()
  await database.checkConnection()
  const core = buildCore({ config, database, log })
  const { accounts, ledger, bus, replica } = core
  const demo = embedded ? await prepareDemo({ accounts, ledger, password: config.demoPassword }) : undefined
  const setupToken = !embedded && (await accounts.needsSetup()) ? setupTokenOf(core.secret) : undefined
  const running: Running = {}
  const stop = async () => {
    core.life.isEnding = true
    await Promise.all([running.jobs?.stop(), drain(running, config.drainDelayMs)])
    await ledger.drained()
    await bus.close()
    await running.endOperations?.()
    await Promise.all([database.end(), replica?.end()])
  }
  try {
    running.jobs = await startJobs(core, { url, ownerUrl })
    running.endOperations = await startOperations(core)
    if (config.roles.includes('api')) await startApi(core, running, setupToken)
  } catch (error) {
    await stop()
    throw error
  }
  return { url: config.publicUrl, ...(demo && { demo }), ...(setupToken !== undefined && { setupToken }), stop }
}

/** The parts that have been started so far. */
interface Running {
  jobs?: Jobs
  endOperations?: (() => Promise<void>) | undefined
  app?: FastifyInstance
  sockets?: SocketServer
}

/**
 * Ends the api without disturbing devices: it continues until load balancers have noticed that it is not ready, then moves the
 * sockets to other servers one by one, and finally finishes the requests in progress.
 */
async function drain({ app, sockets }: Running, delayMs: number): Promise<void> {
  if (!app) return
  await sleep(app.server.listening ? delayMs : 0)
  await sockets?.close(Math.min(delayMs, MOVE_SPREAD_MAX_MS))
  const timeout = setTimeout(() => app.server.closeAllConnections(), ANSWER_TIMEOUT_MS)
  await app.close()
  clearTimeout(timeout)
}

/** The parts that every role needs. */
interface Core {
  config: Config
  life: { isEnding: boolean }
  log: Logger
  metrics: Metrics
  /** The secret for signatures. */
  secret: string
  database: Database
  replica: Database | undefined
  ledger: Ledger
  accounts: Accounts
  pulling: PullParts
  feed: LiveFeed
  bus: Bus<ServerEvent>
}

function buildCore({ config, database, log }: Pick<Core, 'config' | 'database' | 'log'>): Core {
  const metrics = new Metrics({ version: VERSION, protocol: PROTOCOL_VERSION })
  const secret = config.jwtSecret ?? persistedSecret(config.dataDir, 'jwt-secret')
  const replica = config.databaseReplicaUrl === undefined ? undefined : new Database(config.databaseReplicaUrl)
  const pulling: PullParts = {
    prefetch: new PagePrefetch(),
    primary: database,
    replica,
    isReplica: config.writesIn !== undefined,
    cursors: new Cursors(secret),
    lostCommits: (orgId, seen) => ledger.beginEpoch(orgId, { lost: seen }),
    now: Date.now,
  }
  const feed = new LiveFeed(pulling, { propagated: (ms) => metrics.propagated(ms) })
  const bus = openBus<ServerEvent>({ redisUrl: config.redisUrl, deliver: (event) => feed.deliver(event), log })
  const ledger = new Ledger({
    database,
    alertRules,
    now: Date.now,
    publish: (event) => bus.publish({ ...event, committedAtMs: Date.now() }),
    tookMs: (ms) => metrics.committed(ms),
  })
  const accounts = new Accounts({
    database,
    ledger,
    tokens: new AccessTokens(secret),
    sessionsEnded: (ended) => bus.publish(ended),
  })
  return {
    config,
    life: { isEnding: false },
    log,
    metrics,
    secret,
    database,
    replica,
    ledger,
    accounts,
    pulling,
    feed,
    bus,
  }
}

async function startApi(core: Core, running: Running, setupToken: string | undefined): Promise<void> {
  const { config, log, metrics, database, ledger, accounts, pulling, feed } = core
  const api: ApiParts = {
    admission: new Admission(),
    accounts,
    backups: {
      list: () => listBackups(database, BACKUPS_SHOWN),
      ask: async () => {
        const [newest] = await listBackups(database, 1)
        const isRecent = newest !== undefined && Date.now() - newest.beganAt < BACKUP_INTERVAL_MIN_MS
        if (isRecent && newest.state !== 'failed') return false
        await running.jobs?.now(BACKUP_JOB)
        return true
      },
    },
    database,
    feed,
    pulling,
    importer: new Importer({ database, ledger, now: Date.now }),
    ledger,
    loginLimits: new LoginLimits(),
    metrics,
    setupToken,
  }
  const app = (running.app = await buildApp({
    api,
    log,
    publicUrl: config.publicUrl,
    trustProxy: config.trustProxy,
    writesIn: config.writesIn,
    clientDir: CLIENT_DIR,
    ready: () => ready(core),
    isEnding: () => core.life.isEnding,
    requestEnded: (request) => metrics.requestEnded(request),
  }))
  const sockets = (running.sockets = serveSockets({
    server: app.server,
    router: appRouter,
    createContext: (accessToken) => socketContext(api, accessToken),
    isAllowedOrigin: (request) => isAllowedOrigin(request, config.publicUrl),
  }))
  metrics.watch({ connections: () => sockets.connections, busUp: () => core.bus.connected })
  await app.listen({ port: config.port, host: '0.0.0.0' })
}

/** Starts the scheduled jobs of this process. An api without jobs can still request a backup. */
async function startJobs(
  { config, database, ledger, log }: Core,
  { url, ownerUrl }: { url: string; ownerUrl: string },
): Promise<Jobs> {
  const { roles, backups } = config
  const storage = backupStorage(backups)
  const backup: JobTask = {
    name: BACKUP_JOB,
    cron: backups.cron,
    run: async () => {
      const made = await makeBackup({ ownerUrl, storage, recipient: backups.recipient, now: Date.now })
      log.info({ ...made, where: storage.where }, 'a backup was made')
      if (made.notRemoved !== undefined) log.warn({ error: made.notRemoved }, 'older backups could not be removed')
    },
  }
  const tasks = [
    ...(roles.includes('worker')
      ? ledgerTasks({ database, retryBlocked: (orgId) => ledger.retryBlocked(orgId), now: Date.now, log })
      : []),
    ...(roles.includes('backup') ? [backup] : []),
  ]
  const jobs = new Jobs({ url, log, tasks })
  await jobs.start()
  if (roles.includes('backup') && (await isBackupDue(database, Date.now()))) await jobs.now(BACKUP_JOB)
  return jobs
}

/** @throws the cause, in words for the answer to a probe */
async function ready({ life, database }: Core): Promise<void> {
  if (life.isEnding) throw new Error('this process is ending')
  await database.ready().catch(() => Promise.reject(new Error('the database does not answer')))
}

async function startOperations(core: Core) {
  const { config, metrics, database, replica, log } = core
  const { metricsPort, metricsHost, publicUrl, dataDir, backups } = config
  if (metricsPort === undefined) return undefined
  metrics.watchProcess()
  const gauges = config.roles.includes('worker')
    ? new InstallationGauges(metrics, {
        database,
        replica,
        publicUrl,
        volumes: { data: dataDir, ...(backups.s3 === undefined && { backups: backups.dir }) },
        lastBackup: () => findLastDone(database),
        alertKinds: ALERT_KINDS,
        log,
      })
    : undefined
  return serveOperations({
    port: metricsPort,
    host: metricsHost,
    metrics: async () => {
      await gauges?.refresh()
      return { contentType: metrics.registry.contentType, text: await metrics.registry.metrics() }
    },
    ready: () => ready(core),
  })
}
