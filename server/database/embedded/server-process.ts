// The process of the embedded PostgreSQL: starts it, waits until it is ready, and stops it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { StartError } from '../../process/start-error.ts'
import { awaitEnd, lastLines } from './child-process.ts'
import { clusterArgument, serverEnvironment } from './cluster.ts'
import { isServerOf, readPidFile, readServerPid } from './pid-file.ts'
import type { PostgresPrograms } from './postgres-programs.ts'

type Log = Pick<Logger, 'info' | 'debug' | 'error'>

/** A recovery after kill -9 replays at most max_wal_size; a minute is many times that. */
const START_TIMEOUT_MS = 60_000
/** A fast shutdown writes one checkpoint. After this the next start recovers from the log instead. */
const STOP_TIMEOUT_MS = 8_000
const POLL_INTERVAL_MS = 20
/** Another program may take the free port before PostgreSQL opens it. */
const PORT_ATTEMPTS_MAX = 3

export async function startServer(folder: string, programs: PostgresPrograms, durable: boolean, log: Log) {
  const deadline = Date.now() + STOP_TIMEOUT_MS
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const args = [...clusterArgument(folder, programs.runAs), '-p', String(port), ...settings(durable)]
    // It gets its own process group, because Ctrl-C in a terminal must only reach us, so that running work can end first.
    const child = spawn(programs.postgres, args, {
      ...programs.runAs,
      cwd: folder,
      env: serverEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    })
    const output = lastLines(child, (line) => log.debug(`postgres: ${line}`))
    const problem = await awaitReady(child, folder)
    if (problem === undefined) return { port, stop: supervise(child, log) }
    const isPortTaken = output().includes('Address already in use') && attempt < PORT_ATTEMPTS_MAX
    // The child processes of a killed server notice that within moments, and end.
    const isOldServerEnding = output().includes('pre-existing shared memory block') && Date.now() < deadline
    if (!isPortTaken && !isOldServerEnding) {
      throw new StartError(`PostgreSQL in ${folder} does not start: ${problem} ${output()}`)
    }
  }
}

/** After kill -9 of its parent a server keeps running. We hold the lock, so nobody else uses it, and it is stopped. */
export async function stopLeftover(folder: string, log: Log): Promise<void> {
  const pid = readServerPid(folder)
  if (pid === undefined) return
  if (isServerOf(pid, folder)) {
    log.info(`stopping the PostgreSQL that an earlier start left running (process ${pid})`)
    for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
      process.kill(pid, signal)
      const deadline = Date.now() + STOP_TIMEOUT_MS
      while (isServerOf(pid, folder) && Date.now() < deadline) await sleep(POLL_INTERVAL_MS)
      if (!isServerOf(pid, folder)) break
    }
    if (isServerOf(pid, folder)) throw new StartError(`PostgreSQL (process ${pid}) in ${folder} does not stop`)
  }
  // Otherwise PostgreSQL mistakes any process that now has this id for its own.
  rmSync(join(folder, 'postmaster.pid'), { force: true })
}

/** @returns a function that stops the server. If this process exits without calling it, the server is stopped if possible. */
function supervise(child: ChildProcess, log: Log): () => Promise<void> {
  const interrupt = () => child.kill('SIGINT')
  const report = () => log.error('the embedded PostgreSQL has stopped unexpectedly: restart Stockhand')
  process.once('exit', interrupt)
  child.once('exit', report)
  return async () => {
    process.off('exit', interrupt)
    child.off('exit', report)
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    interrupt()
    const timeout = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS)
    await exit
    clearTimeout(timeout)
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
    // Errors contain rows and values, which do not belong in a log.
    log_min_messages: 'log',
    log_checkpoints: 'off',
    // Our statements are short. Compiling them takes longer than it saves.
    jit: 'off',
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/** @returns undefined once connections are accepted, otherwise the problem */
async function awaitReady(child: ChildProcess, folder: string): Promise<string | undefined> {
  let problem: string | undefined
  void awaitEnd(child).then((reason) => (problem = reason ?? 'it ended.'))
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

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP socket has a port')
  return address.port
}
