// A real streaming standby of an embedded PostgreSQL: a base backup of its folder that follows the primary's log.
import type { ChildProcess } from 'node:child_process'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { postgresPrograms } from '../../../server/database/embedded/postgres-programs.ts'
import { freePort } from '../free-port.ts'

const START_TIMEOUT_MS = 20_000

export interface Standby {
  /** The URL with the same login and database as the primary's. */
  url: string
  /** Stops replaying, as a replica that is far behind, or continues. */
  pause(isPaused: boolean): Promise<void>
  /**
   * Promotes the standby with the data that it has. Commits that it had not replayed are lost, as if they had never
   * arrived.
   */
  promote(): Promise<void>
  /** Resolves once the standby has everything that the primary had. */
  caughtUp(): Promise<void>
  stop(): Promise<void>
}

export async function startStandby({
  ownerUrl,
  url,
  dataDir,
}: {
  ownerUrl: string
  url: string
  dataDir: string
}): Promise<Standby> {
  const primaryFolder = join(dataDir, 'postgres')
  const { postgres: program, runAs } = postgresPrograms(primaryFolder)
  const parent = mkdtempSync(join(tmpdir(), 'stockhand-standby-'))
  const folder = join(parent, 'postgres')
  const primary = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  await primary`select pg_backup_start('standby', true)`
  execFileSync('cp', ['-a', primaryFolder, folder])
  const [stopped] = await primary<{ labelfile: string }[]>`select labelfile from pg_backup_stop(false)`
  const owned = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    if (runAs) chownSync(join(folder, name), runAs.uid, runAs.gid)
  }
  rmSync(join(folder, 'postmaster.pid'), { force: true })
  owned('backup_label', stopped!.labelfile)
  owned('standby.signal', '')
  const { hostname, port: primaryPort, username, password } = new URL(ownerUrl)
  const conninfo = `host=${hostname} port=${primaryPort} user=${username} password=${decodeURIComponent(password)}`
  appendFileSync(join(folder, 'postgresql.auto.conf'), `\nprimary_conninfo = '${conninfo}'\n`)
  if (runAs) chownSync(parent, runAs.uid, runAs.gid)
  const port = await freePort()
  const run = () =>
    spawn(
      program,
      ['-D', folder, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
      { ...runAs, cwd: folder, stdio: 'ignore', env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' } },
    )
  let child = run()
  const own = postgres(withPort(ownerUrl, port), { max: 1, onnotice: () => undefined })
  await answers(own, child, true)
  return {
    url: withPort(url, port),
    pause: async (isPaused) => {
      if (isPaused) await own`select pg_wal_replay_pause()`
      else await own`select pg_wal_replay_resume()`
    },
    promote: async () => {
      const [replayed] = await own<{ lsn: string }[]>`select pg_last_wal_replay_lsn()::text as lsn`
      // A promotion replays everything received, so the standby is started once more to stop exactly here.
      child.kill('SIGQUIT')
      await once(child, 'exit')
      rmSync(join(folder, 'postmaster.pid'), { force: true })
      rmSync(join(folder, 'standby.signal'))
      owned('recovery.signal', '')
      const target = `restore_command = 'false'\nrecovery_target_lsn = '${replayed!.lsn}'\nrecovery_target_action = 'promote'\n`
      appendFileSync(join(folder, 'postgresql.auto.conf'), `primary_conninfo = ''\n${target}`)
      child = run()
      await answers(own, child, false)
    },
    caughtUp: async () => {
      const [head] = await primary<{ lsn: string }[]>`select pg_current_wal_lsn()::text as lsn`
      const holds = async () => (await own`select pg_last_wal_replay_lsn() >= ${head!.lsn}::pg_lsn as yes`)[0]!['yes']
      while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    stop: async () => {
      await Promise.all([own.end(), primary.end()])
      child.kill('SIGQUIT')
      await once(child, 'exit')
      rmSync(parent, { recursive: true, force: true })
    },
  }
}

function withPort(text: string, port: number): string {
  const url = new URL(text)
  url.port = String(port)
  return url.href
}

async function answers(sql: postgres.Sql, child: ChildProcess, inRecovery: boolean): Promise<void> {
  const end = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const isThere = await sql`select pg_is_in_recovery() as yes`.then(
      ([row]) => row!['yes'] === inRecovery,
      () => false,
    )
    if (isThere) return
    if (Date.now() > end || child.exitCode !== null) throw new Error('the standby did not start')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
