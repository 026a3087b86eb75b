// One process per data folder. Guarantees: a second process learns which one holds the folder; the lock of a process that died
// (kill -9, power cut) does not prevent a start; if two processes find such a lock at once, one of them gets it.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../../process/start-error.ts'

/** More than processes that start at once by accident. Without a bound, a lock that keeps changing would be an endless loop. */
const ATTEMPTS_MAX = 5

/** @returns a function that releases the folder. @throws {StartError} if another living process holds it */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'lock')
  const content = `${process.pid} ${startedAt(process.pid)}`
  const draft = `${lock}.${process.pid}`
  // A link appears together with its content, so nobody reads a lock that is partly written.
  writeFileSync(draft, content)
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (tryLink(draft, lock)) return () => release(lock, content)
      const existing = readIfExists(lock)
      if (existing !== undefined && isAlive(existing)) throw inUse(folder, existing)
      if (existing !== undefined) discard(lock, existing)
    }
    throw new StartError(`${lock} keeps changing: is something starting Stockhand again and again?`)
  } finally {
    rmSync(draft, { force: true })
  }
}

function inUse(folder: string, content: string): StartError {
  const pid = content.split(' ')[0]
  return new StartError(
    `${folder} is in use by another Stockhand (process ${pid}): stop that one, or set DATA_DIR to another folder`,
  )
}

/** Removes the lock of a dead process. If another process has replaced it in the meantime, it is put back. */
function discard(lock: string, dead: string): void {
  const moved = `${lock}.${process.pid}.dead`
  try {
    renameSync(lock, moved)
  } catch {
    return
  }
  if (readIfExists(moved) !== dead) tryLink(moved, lock)
  rmSync(moved, { force: true })
}

function release(lock: string, content: string): void {
  if (readIfExists(lock) === content) rmSync(lock, { force: true })
}

function isAlive(content: string): boolean {
  const [pid = '', start = ''] = content.split(' ')
  const id = Number(pid)
  if (!Number.isSafeInteger(id) || id <= 0) return false
  // In containers the same few process ids return after each restart, so the id alone is not enough.
  if (id === process.pid || startedAt(id) !== start) return false
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in clock ticks since boot; another text if it is a zombie; empty on a system without /proc. */
function startedAt(pid: number): string {
  const stat = readIfExists(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets and may contain spaces. The third is the state, the 22nd the start.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? 'zombie' : (fields?.[19] ?? '')
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readIfExists(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
