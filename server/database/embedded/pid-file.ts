// The file in which a running PostgreSQL records its process id and port.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

/** The lines of the file, or none if it does not exist. */
export function readPidFile(folder: string): string[] {
  try {
    return readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return []
  }
}

export function readServerPid(folder: string): number | undefined {
  const pid = Number(readPidFile(folder)[0])
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
}

/** Whether the process is alive and runs PostgreSQL in this folder. Process ids are reused after a restart. */
export function isServerOf(pid: number, folder: string): boolean {
  try {
    if (existsSync('/proc/self/cwd')) return realpathSync(`/proc/${pid}/cwd`) === realpathSync(folder)
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(folder)
  } catch {
    return false
  }
}
