// `npm start`: from a fresh clone to a running server. Guarantees: the client that is served is as new as its sources;
// the database is there and migrated before anything uses it; what a person can put right (a variable, a port, a
// database) is told in one line without a stack; a signal ends everything within seconds, a second one at once.
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import type { Logger } from 'pino'
import { isClientStale } from '../process/client-build.ts'
import { type Config, readConfig } from '../process/config.ts'
import { startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import { awaitMigrations } from '../database/schema/migrate.ts'
import { greeting } from '../process/greeting.ts'
import { openLog } from '../process/log.ts'
import { startServer } from '../main.ts'
import { prepareDatabase } from './prepare-database.ts'
import { STOP_TIMEOUT_MS } from '../process/stop-timeout.ts'
import { StartError } from '../process/start-error.ts'

type Stop = () => Promise<void>
type Database = { url: string; ownerUrl: string; embedded: boolean }

/** Ctrl-C under npm arrives twice: from the terminal, and again from npm. The person pressed it once. */
const SAME_SIGNAL_MS = 1_000
const ROOT = resolve(import.meta.dirname, '../..')

/** What was started, to be ended in the opposite order. */
const started: Stop[] = []
const ending = new AbortController()
const whenStarted = start()

async function start(): Promise<void> {
  const config = readConfig(process.env)
  const log = openLog(config.logLevel)
  listenForSignals(log)
  buildClientIfStale(log)
  const database = await startDatabase(config, log)
  if (ending.signal.aborted) return
  if (config.migrateOnStart) await prepareDatabase(database, log)
  else await awaitMigrations(database.url, { log, signal: ending.signal })
  if (ending.signal.aborted) return
  const server = await startServer({ config, database, log })
  started.push(server.stop)
  process.stdout.write(greeting(server))
}

function buildClientIfStale(log: Logger): void {
  if (!isClientStale(ROOT)) return
  log.info('building the client: once, and after its sources changed')
  const vite = join(ROOT, 'node_modules/.bin/vite')
  const { status, stderr, error } = spawnSync(vite, ['build', '--logLevel', 'warn'], { cwd: ROOT, encoding: 'utf8' })
  if (status === 0) return
  const reason = error?.message ?? stderr.trim().split('\n')[0] ?? ''
  throw new StartError(`the client could not be built (${reason}): run npm run build to see why`)
}

async function startDatabase(config: Config, log: Logger): Promise<Database> {
  if (config.databaseUrl !== undefined) {
    const ownerUrl = config.databaseOwnerUrl ?? config.databaseUrl
    return { url: config.databaseUrl, ownerUrl, embedded: false }
  }
  const server = await startEmbeddedPostgres({ dataDir: config.dataDir, log })
  started.push(server.stop)
  return { url: server.url, ownerUrl: server.ownerUrl, embedded: true }
}

function listenForSignals(log: Logger): void {
  let firstAt: number | undefined
  const onSignal = (signal: string) => {
    if (firstAt !== undefined) {
      // A person who asks a second time does not want to wait for what is still ending.
      if (performance.now() - firstAt > SAME_SIGNAL_MS) process.exit(1)
      return
    }
    firstAt = performance.now()
    ending.abort()
    log.info(`${signal}: ending (once more: at once)`)
    // What hangs cannot be asked to end.
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref()
    // What is being started just now is ended too, once it is there.
    void whenStarted
      .catch(() => undefined)
      .then(stopAll)
      // All is ended: a timer or connection of a library that is not must not hold the container up.
      .then((clean) => process.exit(clean ? 0 : 1))
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}

/** @returns whether everything ended well. */
async function stopAll(): Promise<boolean> {
  let clean = true
  for (const stop of started.splice(0).reverse()) {
    try {
      await stop()
    } catch (error) {
      clean = false
      process.stderr.write(`${String(error)}\n`)
    }
  }
  return clean
}

/** One line for what a person can put right; the whole error for a bug. */
function describe(error: unknown): string {
  if (error instanceof StartError) return error.message
  const { code, port, stack } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is in use: stop what uses it, or set PORT to another one (PORT=3001)`
  if (code === 'EACCES' && port !== undefined)
    return `port ${port} needs more rights: set PORT to one above 1023 (PORT=3000)`
  return stack ?? String(error)
}

try {
  await whenStarted
} catch (error) {
  if (!ending.signal.aborted) {
    process.stderr.write(`stockhand: ${describe(error)}\n`)
    await stopAll()
    process.exit(1) // what a failed start has left half open would keep the process from being started again
  }
}
