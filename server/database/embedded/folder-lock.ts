// One process per data folder. Guarantees: the second to ask is told who holds the folder; a lock whose process has
// died (kill -9, power cut) does not stop a start; of two that find such a lock at once, one gets it.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../../process/start-error.ts'

/** More tries than processes that start at once by accident; without a bound, a lock that flickers would hang us. */
const TRIES_MAX = 5

/** @returns what gives the folder back. @throws {StartError} when another process that is alive holds it. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true })
  const lock = join(folder, 'lock')
  const mine = `${process.pid} ${startedAt(process.pid)}`
  const draft = `${lock}.${process.pid}`
  // A link appears with its content, or not at all: nobody reads a lock that is half written.
  writeFileSync(draft, mine)
  try {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (tryLink(draft, lock)) return () => release(lock, mine)
      const held = readIfThere(lock)
      if (held !== undefined && isAlive(held)) throw heldBy(folder, held)
      if (held !== undefined) discard(lock, held)
    }
    throw new StartError(`${lock} keeps changing: is something starting Stockhand again and again?`)
  } finally {
    rmSync(draft, { force: true })
  }
}

function heldBy(folder: string, held: string): StartError {
  const pid = held.split(' ')[0]
  return new StartError(
    `${folder} is in use by another Stockhand (process ${pid}): stop that one, or set DATA_DIR to another folder`,
  )
}

/** Takes a dead lock away; one that somebody renewed in the meantime is put back. */
function discard(lock: string, dead: string): void {
  const aside = `${lock}.${process.pid}.dead`
  try {
    renameSync(lock, aside)
  } catch {
    return
  }
  if (readIfThere(aside) !== dead) tryLink(aside, lock)
  rmSync(aside, { force: true })
}

function release(lock: string, mine: string): void {
  if (readIfThere(lock) === mine) rmSync(lock, { force: true })
}

function isAlive(held: string): boolean {
  const [pid = '', start = ''] = held.split(' ')
  const id = Number(pid)
  if (!Number.isSafeInteger(id) || id <= 0) return false
  // In containers the same few process ids come back after each restart, so the id alone does not tell.
  if (id === process.pid || startedAt(id) !== start) return false
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process started, in clock ticks since boot, or that it is dead; empty where the system has no /proc. */
function startedAt(pid: number): string {
  const stat = readIfThere(`/proc/${pid}/stat`)
  // The second field is the program's name in brackets and may hold spaces; the third is the state, the 22nd the start.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? 'dead, though its parent has not noticed' : (fields?.[19] ?? '')
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

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
