// The PostgreSQL that comes with Stockhand, for a machine without a database. Guarantees: the data is in DATA_DIR/postgres and
// durable (fsync); it only accepts connections from this machine, with a password; a server that an earlier process left
// running is stopped first; two starts never share a folder; stopping takes seconds.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import postgres from 'postgres'
import { createCluster, OWNER, preparePassword, withReason } from './cluster.ts'
import { lockFolder } from './folder-lock.ts'
import { isServerOf, readPidFile, readServerPid } from './pid-file.ts'
import { postgresPrograms } from './postgres-programs.ts'
import { startServer, stopLeftover } from './server-process.ts'

export type EmbeddedPostgres = {
  /** The superuser, for migrations. */
  ownerUrl: string
  /** A login that does not own anything, for the application. */
  url: string
  stop(): Promise<void>
}

type Options = {
  dataDir: string
  log: Pick<Logger, 'info' | 'debug' | 'error'>
  /** False only for tests, whose data need not survive a crash of the machine. */
  durable?: boolean
}

const APP_USER = 'stockhand'
const DATABASE = 'stockhand'

/** @throws {StartError} with a message of one line, if the folder is in use or the server cannot run here */
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

/** The URLs of the server that another process runs in this folder. Returns undefined if none runs. */
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

async function prepareDatabase(url: string, password: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined })
  try {
    const [user] = await sql`select rolname from pg_roles where rolname = ${APP_USER}`
    // The password is base64url, which does not need quoting.
    if (user === undefined) await sql.unsafe(`create role ${APP_USER} login password '${password}'`)
    const [database] = await sql`select datname from pg_database where datname = ${DATABASE}`
    if (database === undefined) await sql.unsafe(`create database ${DATABASE}`)
  } finally {
    await sql.end()
  }
}
