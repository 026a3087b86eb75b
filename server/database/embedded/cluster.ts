// The files of the embedded PostgreSQL: its data folder and its password.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../../process/start-error.ts'
import { awaitEnd, lastLines } from './child-process.ts'
import type { Account, PostgresPrograms } from './postgres-programs.ts'

export const OWNER = 'postgres'

/** Creates the password of a new cluster, or reads that of an existing one. */
export function preparePassword(dataDir: string, folder: string, runAs: Account | undefined): string {
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

/** Creates the cluster in a temporary folder and renames it when it is complete, in case the start is interrupted. */
export async function createCluster(dataDir: string, programs: PostgresPrograms, durable: boolean): Promise<void> {
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
  const output = lastLines(child, () => undefined)
  const problem = await awaitEnd(child)
  closeSync(passwordFile)
  if (problem !== undefined) throw new StartError(`PostgreSQL could not create ${draft}: ${problem} ${output()}`)
  renameSync(draft, join(dataDir, 'postgres'))
}

/**
 * If root starts PostgreSQL as another user, that user may not be able to enter the folder by its path (DATA_DIR below /root).
 * The current folder is entered before the user changes, and this link leads to it directly.
 */
export function clusterArgument(folder: string, runAs: Account | undefined): string[] {
  return ['-D', runAs === undefined || !existsSync('/proc/self/cwd') ? folder : '/proc/self/cwd']
}

/** Without our PG* variables, which are meant for clients but change where a server listens and what it reads. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }
}

/** Runs `action`, and reports its error as a StartError. */
export function withReason<T>(problem: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`${problem} (${(error as Error).message})`)
  }
}
