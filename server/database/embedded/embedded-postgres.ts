// The PostgreSQL that comes with Stockhand, for one machine without a database of its own. Guarantees: data lives in
// DATA_DIR/postgres and is durable (fsync); it is reachable from this machine alone and by password; a server that an
// earlier process left behind is stopped first; two starts never share a folder; stop takes seconds.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import postgres from 'postgres'
import { StartError } from '../../process/start-error.ts'
import { lockFolder } from './folder-lock.ts'
import { type Account, type PostgresPrograms, postgresPrograms } from './postgres-programs.ts'

export type EmbeddedPostgres = {
  /** The superuser, for migrations. */
  ownerUrl: string
  /** A login that owns nothing, for the application. */
  url: string
  stop(): Promise<void>
}

type Options = {
  dataDir: string
  log: Pick<Logger, 'info' | 'debug' | 'error'>
  /** False only for tests, whose data may vanish with the machine. */
  durable?: boolean
}

const OWNER = 'postgres'
const APP_USER = 'stockhand'
const DATABASE = 'stockhand'
/** A recovery after kill -9 replays at most max_wal_size; a minute is many times that. */
const START_TIMEOUT_MS = 60_000
/** A fast shutdown writes one checkpoint. After this the next start recovers from the log instead. */
const STOP_TIMEOUT_MS = 8_000
const POLL_INTERVAL_MS = 20
/** What an error message shows of the server's own words. */
const LOG_LINES_KEPT = 5
/** Somebody else may take the free port between asking for it and using it. */
const PORT_TRIES = 3

/** @throws {StartError} in one line, when the folder is in use or the server cannot run here. */
export async function startEmbeddedPostgres({ dataDir, log, durable = true }: Options): Promise<EmbeddedPostgres> {
  const unlock = withReason(`${dataDir} cannot be used`, () => lockFolder(dataDir))
  try {
    const folder = join(dataDir, 'postgres')
    const programs = postgresPrograms(folder)
    const password = preparePassword(dataDir, folder, programs.runAs)
    if (!existsSync(folder)) await createCluster(dataDir, programs, durable)
    await stopLeftover(folder, log)
    const server = await startServer(folder, programs, durable, log)
    const urlFor = (user: string, database: string) =>
      `postgres://${user}:${password}@127.0.0.1:${server.port}/${database}`
    await prepareDatabase(urlFor(OWNER, 'postgres'), password)
    return {
      ownerUrl: urlFor(OWNER, DATABASE),
      url: urlFor(APP_USER, DATABASE),
      stop: async () => {
        await server.stop()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

/** Where the server that another process runs in this folder is reached; undefined where none runs. */
export function findEmbeddedPostgres(dataDir: string): Pick<EmbeddedPostgres, 'ownerUrl' | 'url'> | undefined {
  const folder = join(dataDir, 'postgres')
  const pid = readServerPid(folder)
  if (pid === undefined || !isServerOf(pid, folder)) return undefined
  const password = withReason(`the password of ${folder} cannot be read`, () =>
    readFileSync(join(dataDir, 'postgres-password'), 'utf8').trim(),
  )
  const port = readPidFile(folder)[3]?.trim()
  const urlFor = (user: string) => `postgres://${user}:${password}@127.0.0.1:${port}/${DATABASE}`
  return { ownerUrl: urlFor(OWNER), url: urlFor(APP_USER) }
}

function preparePassword(dataDir: string, folder: string, runAs: Account | undefined): string {
  const path = join(dataDir, 'postgres-password')
  if (existsSync(folder)) {
    return withReason(`the password of ${folder} cannot be read`, () => readFileSync(path, 'utf8').trim())
  }
  const password = randomBytes(24).toString('base64url')
  writeFileSync(path, `${password}\n`, { mode: 0o600 })
  chmodSync(path, 0o600)
  if (runAs !== undefined) chownSync(path, runAs.uid, runAs.gid)
  return password
}

/** Makes the cluster beside its place and moves it there when it is whole, so a start cut off leaves no half of one. */
async function createCluster(dataDir: string, programs: PostgresPrograms, durable: boolean): Promise<void> {
  const draft = join(dataDir, 'postgres.new')
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { mode: 0o700 })
  if (programs.runAs !== undefined) chownSync(draft, programs.runAs.uid, programs.runAs.gid)
  const passwordFile = openSync(join(dataDir, 'postgres-password'), 'r')
  const child = spawn(
    programs.initdb,
    [
      ...clusterArgument(draft, programs.runAs),
      `--username=${OWNER}`,
      '--pwfile=/dev/stdin',
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      ...(durable ? [] : ['--no-sync']),
    ],
    { ...programs.runAs, cwd: draft, env: serverEnvironment(), stdio: [passwordFile, 'pipe', 'pipe'] },
  )
  const words = lastLines(child, () => undefined)
  const problem = await ended(child)
  closeSync(passwordFile)
  if (problem !== undefined) throw new StartError(`PostgreSQL could not make ${draft}: ${problem} ${words()}`)
  renameSync(draft, join(dataDir, 'postgres'))
}

/** After kill -9 of its parent a server goes on running. Nobody else may use it (we hold the lock), so it is stopped. */
async function stopLeftover(folder: string, log: Options['log']): Promise<void> {
  const pid = readServerPid(folder)
  if (pid === undefined) return
  if (isServerOf(pid, folder)) {
    log.info(`stopping the PostgreSQL that an earlier start left behind (process ${pid})`)
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
      process.kill(pid, signal)
      const deadline = Date.now() + STOP_TIMEOUT_MS
      while (isServerOf(pid, folder) && Date.now() < deadline) await sleep(POLL_INTERVAL_MS)
      if (!isServerOf(pid, folder)) break
    }
    if (isServerOf(pid, folder)) throw new StartError(`PostgreSQL (process ${pid}) in ${folder} does not stop`)
  }
  // Without this PostgreSQL takes any process that now has this number for its own.
  rmSync(join(folder, 'postmaster.pid'), { force: true })
}

async function startServer(folder: string, programs: PostgresPrograms, durable: boolean, log: Options['log']) {
  const deadline = Date.now() + STOP_TIMEOUT_MS
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    const args = [...clusterArgument(folder, programs.runAs), '-p', String(port), ...settings(durable)]
    // Its own process group: Ctrl-C in a terminal must reach us first, so that the work under way can end.
    const child = spawn(programs.postgres, args, {
      ...programs.runAs,
      cwd: folder,
      env: serverEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    const words = lastLines(child, (line) => log.debug(`postgres: ${line}`))
    const problem = await ready(child, folder)
    if (problem === undefined) return { port, stop: supervise(child, log) }
    const isPortTaken = words().includes('Address already in use') && tries < PORT_TRIES
    // A server that was killed left its own processes behind: they notice it within moments, and end.
    const isLeftBehind = words().includes('pre-existing shared memory block') && Date.now() < deadline
    if (!isPortTaken && !isLeftBehind) {
      throw new StartError(`PostgreSQL in ${folder} does not start: ${problem} ${words()}`)
    }
  }
}

/** @returns what stops the server. A process that ends without calling it takes the server with it where it can. */
function supervise(child: ChildProcess, log: Options['log']): () => Promise<void> {
  const interrupt = () => child.kill('SIGINT')
  const report = () => log.error('the embedded PostgreSQL has ended by itself: restart Stockhand')
  process.once('exit', interrupt)
  child.once('exit', report)
  return async () => {
    process.off('exit', interrupt)
    child.off('exit', report)
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    interrupt()
    const impatience = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS)
    await exit
    clearTimeout(impatience)
  }
}

async function prepareDatabase(url: string, password: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  try {
    const [user] = await sql`select rolname from pg_roles where rolname = ${APP_USER}`
    // The password is base64url of our own making: nothing in it ends a literal.
    if (user === undefined) await sql.unsafe(`create role ${APP_USER} login password '${password}'`)
    const [database] = await sql`select datname from pg_database where datname = ${DATABASE}`
    if (database === undefined) await sql.unsafe(`create database ${DATABASE}`)
  } finally {
    await sql.end()
  }
}

function settings(durable: boolean): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    shared_buffers: '256MB',
    max_connections: '100',
    synchronous_commit: durable ? 'on' : 'off',
    fsync: durable ? 'on' : 'off',
    full_page_writes: durable ? 'on' : 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Errors name rows and values, which are people's business and not a log's.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    // Our statements are short; compiling them costs more than it saves.
    jit: 'off',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/**
 * The other user that root starts PostgreSQL as may be unable to walk to the folder (DATA_DIR below /root). The current
 * folder is entered before the user changes, and this link leads into it without the walk.
 */
function clusterArgument(folder: string, runAs: Account | undefined): string[] {
  return ['-D', runAs === undefined || !existsSync('/proc/self/cwd') ? folder : '/proc/self/cwd']
}

/** Not ours: PG* variables meant for clients change where a server listens and what it reads. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
}

/** @returns undefined when connections are accepted, otherwise what went wrong. */
async function ready(child: ChildProcess, folder: string): Promise<string | undefined> {
  let problem: string | undefined
  void ended(child).then((reason) => (problem = reason ?? 'it ended.'))
  const deadline = Date.now() + START_TIMEOUT_MS
  while (problem === undefined) {
    if (readServerPid(folder) === child.pid && readPidFile(folder)[7]?.trim() === 'ready') return undefined
    if (Date.now() > deadline) {
      child.kill('SIGQUIT')
      return `it was not ready within ${START_TIMEOUT_MS / 1000} s.`
    }
    await sleep(POLL_INTERVAL_MS)
  }
  return problem
}

/** @returns undefined after an exit with 0, otherwise how it ended. Never rejects. */
async function ended(child: ChildProcess): Promise<string | undefined> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
    return code === 0 ? undefined : `it ended with ${signal ?? `code ${code}`}.`
  } catch (error) {
    return `${(error as Error).message}.`
  }
}

function lastLines(child: ChildProcess, listen: (line: string) => void): () => string {
  const lines: string[] = []
  const take = (chunk: Buffer) => {
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      listen(line)
      lines.push(line.trim())
      if (lines.length > LOG_LINES_KEPT) lines.shift()
    }
  }
  child.stdout?.on('data', take)
  child.stderr?.on('data', take)
  return () => lines.join(' | ')
}

function readPidFile(folder: string): string[] {
  try {
    return readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

function readServerPid(folder: string): number | undefined {
  const pid = Number(readPidFile(folder)[0])
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

/** Whether the process is alive and is a PostgreSQL in this very folder: numbers are given again after a restart. */
function isServerOf(pid: number, folder: string): boolean {
  try {
    if (existsSync('/proc/self/cwd')) return realpathSync(`/proc/${pid}/cwd`) === realpathSync(folder)
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(folder)
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP socket has a port')
  return address.port
}

function withReason<T>(problem: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`${problem} (${(error as Error).message})`)
  }
}
