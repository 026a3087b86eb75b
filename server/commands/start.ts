// `npm start`: from a fresh clone to a running server. Guarantees: the served client is as new as its sources; the database
// is migrated before it is used; a problem that a person can fix (a variable, a port, a database) is one line without a
// stack; a first signal ends everything within seconds, a second one at once.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { isClientStale } from '../process/client-build.ts'
import type { Config } from '../process/config.ts'
import { startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import { awaitMigrations } from '../database/schema/migrate.ts'
import { greeting } from '../process/greeting.ts'
import { openLog } from '../process/log.ts'
import { startServer } from '../main.ts'
import { prepareDatabase } from './prepare-database.ts'
import type { CommandTools } from './run-command.ts'
import { runCommand } from './run-command.ts'
import { STOP_TIMEOUT_MS } from '../process/stop-timeout.ts'
import { StartError } from '../process/start-error.ts'

type Database = { url: string; ownerUrl: string; embedded: boolean }

/** Under npm, one Ctrl-C arrives twice: from the terminal and from npm. */
const SAME_SIGNAL_MS = 1_000
const ROOT = resolve(import.meta.dirname, '../..')

await runCommand({ name: 'stockhand', explain: portProblem, run })
process.exit() // a timer or connection that a library left open must not keep the process running

async function run({ config, closeAtEnd }: CommandTools): Promise<void> {
  const log = openLog(config.logLevel)
  const ending = listenForSignals(log)
  try {
    buildClientIfStale(log)
    const database = await startDatabase(config, log, closeAtEnd)
    if (ending.aborted) return
    if (config.migrateOnStart) await prepareDatabase(database, log)
    else await awaitMigrations(database.url, { log, signal: ending })
    if (ending.aborted) return
    const server = await startServer({ config, database, log })
    closeAtEnd(server.stop)
    process.stdout.write(greeting(server))
    if (!ending.aborted) await once(ending, 'abort')
  } catch (error) {
    if (!ending.aborted) throw error
  }
}

function buildClientIfStale(log: Logger): void {
  if (!isClientStale(ROOT)) return
  log.info('building the client, as at the first start and after its sources change')
  const vite = join(ROOT, 'node_modules/.bin/vite')
  const { status, stderr, error } = spawnSync(vite, ['build', '--logLevel', 'warn'], { cwd: ROOT, encoding: 'utf8' })
  if (status === 0) return
  const reason = error?.message ?? stderr.trim().split('\n')[0] ?? ''
  throw new StartError(`the client could not be built (${reason}): run npm run build to see why`)
}

async function startDatabase(config: Config, log: Logger, closeAtEnd: CommandTools['closeAtEnd']): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const ownerUrl = config.databaseOwnerUrl ?? config.databaseUrl
    return { url: config.databaseUrl, ownerUrl, embedded: false }
  }
  const server = await startEmbeddedPostgres({ dataDir: config.dataDir, log })
  closeAtEnd(server.stop)
  return { url: server.url, ownerUrl: server.ownerUrl, embedded: true }
}

/** Aborts at the first signal. What is being started at that moment is stopped once it has started. */
function listenForSignals(log: Logger): AbortSignal {
  const ending = new AbortController()
  let firstAt: number | undefined
  const onSignal = (signal: string) => {
    if (firstAt !== undefined) {
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    firstAt = performance.now()
    log.info(`${signal}: stopping (send it again to stop at once)`)
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
    ending.abort()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  return ending.signal
}

function portProblem(error: unknown): string | undefined {
  const { code, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is in use: stop what uses it, or set PORT to another one (PORT=3001)`
  if (code === 'EACCES' && port !== undefined)
    return `port ${port} needs more rights: set PORT to one above 1023 (PORT=3000)`
  return undefined
}
