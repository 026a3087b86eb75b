// Migrates a database to the newest schema: sql/NNNN_name.sql in order, forward only. Guarantees: each file is applied once,
// completely or not at all; of several processes that migrate at once, one works and the others wait; if an applied file was
// changed, or the database is newer than the files, it stops with one line before it changes anything.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import postgres, { type ReservedSql, type Sql } from 'postgres'
import { StartError } from '../../process/start-error.ts'
import { ensureAppLogin } from './app-login.ts'
import { APP_ROLE } from './app-role.ts'

type Options = {
  /** How the application connects. Its login is created if it is missing, and gets the role stockhand_app. */
  appUrl?: string
  folder?: string
  /** The last file to apply, if it is not the newest. */
  upTo?: string
  log: Pick<Logger, 'info'>
}

type Migration = { name: string; text: string; checksum: string }

const FOLDER = fileURLToPath(new URL('../../../sql', import.meta.url))
const FILE_NAME = /^\d{4}_[a-z0-9_]+\.sql$/
/** Any number that is the same in every version. Two versions that are deployed at once must wait for each other. */
const LOCK_KEY = 7_254_001
/** Without it, a database that drops packets delays a start by minutes. */
const CONNECT_TIMEOUT_S = 10
/** Everybody else waits behind a migration that waits for a table's lock. It is better to fail and to be run again. */
const LOCK_TIMEOUT = '10s'
/** How long a server waits for the migrations. After it, the platform notices that the server does not start. */
const WAIT_TIMEOUT_MS = 60_000
const POLL_INTERVAL_MS = 500

/** @returns the names of what it applied. @throws {StartError} with a message of one line, never with a password */
export async function migrate(ownerUrl: string, { appUrl, folder = FOLDER, upTo, log }: Options): Promise<string[]> {
  const migrations = readMigrations(folder, upTo)
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined, connect_timeout: CONNECT_TIMEOUT_S })
  try {
    const connection = await connect(sql, ownerUrl)
    try {
      // The lock belongs to the session and not to a transaction, so it spans all of them. It ends with the connection.
      await connection`select pg_advisory_lock(${LOCK_KEY})`
      const pending = await findPending(connection, migrations)
      for (const migration of pending) {
        await apply(connection, migration)
        log.info(`migrated ${migration.name}`)
      }
      if (appUrl !== undefined) await allowApplication(connection, appUrl)
      return pending.map(({ name }) => name)
    } finally {
      connection.release()
    }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/**
 * Resolves once the database has all migrations of this version, which another process applies.
 * @throws {StartError} after a timeout, or an error if the signal aborts
 */
export async function awaitMigrations(
  url: string,
  {
    folder = FOLDER,
    log,
    timeoutMs = WAIT_TIMEOUT_MS,
    signal,
  }: Pick<Options, 'folder' | 'log'> & { timeoutMs?: number; signal?: AbortSignal },
): Promise<void> {
  const names = readMigrations(folder).map(({ name }) => name)
  // Without prepared statements, because it is not known yet whether a pooler supports them.
  const sql = postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: CONNECT_TIMEOUT_S, prepare: false })
  try {
    const end = Date.now() + timeoutMs
    for (let isFirst = true; ; isFirst = false) {
      const missing = await findMissing(sql, names)
      if (missing.length === 0) return
      if (Date.now() >= end) {
        throw new StartError(
          `the database lacks ${missing.join(', ')}: run npm run migrate, or leave MIGRATE_ON_START out`,
        )
      }
      if (isFirst) log.info(`waiting until the database has ${missing.join(', ')}`)
      await sleep(POLL_INTERVAL_MS, undefined, { signal })
    }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Returns all names if the database does not answer, because it may still be starting. */
async function findMissing(sql: Sql, names: readonly string[]): Promise<readonly string[]> {
  try {
    const applied = await sql<{ name: string }[]>`select name from schema_migrations`
    return names.filter((name) => !applied.some((one) => one.name === name))
  } catch {
    return names
  }
}

async function connect(sql: Sql, ownerUrl: string): Promise<ReservedSql> {
  try {
    return await sql.reserve()
  } catch (error) {
    const { hostname, port } = new URL(ownerUrl)
    const { code, message } = error as Error & { code?: string }
    throw new StartError(
      `the database at ${hostname}:${port || '5432'} cannot be reached (${message || code || 'no answer'}): ` +
        'is it running, and is DATABASE_URL right?',
    )
  }
}

function readMigrations(folder: string, upTo?: string): Migration[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  if (upTo !== undefined && !names.includes(upTo)) {
    throw new StartError(
      `this version does not have the migration ${upTo}: use the version that created it, or a newer one`,
    )
  }
  for (const name of names) {
    if (!FILE_NAME.test(name)) throw new StartError(`${join(folder, name)} must be named like 0001_what_it_does.sql`)
  }
  const migrations = names.sort().map((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    return { name, text, checksum: createHash('sha256').update(text).digest('hex') }
  })
  for (const [index, { name }] of migrations.entries()) {
    if (Number(name.slice(0, 4)) !== index + 1) {
      throw new StartError(`${join(folder, name)} must be number ${index + 1}: migrations are numbered without gaps`)
    }
  }
  return upTo === undefined ? migrations : migrations.filter(({ name }) => name <= upTo)
}

async function findPending(connection: ReservedSql, migrations: readonly Migration[]): Promise<Migration[]> {
  await connection`
    create table if not exists schema_migrations (
      name text primary key,
      checksum text not null,
      applied_at timestamptz not null default now()
    )`
  const applied = await connection<{ name: string; checksum: string }[]>`
    select name, checksum from schema_migrations order by name`
  for (const [index, { name, checksum }] of applied.entries()) {
    const migration = migrations[index]
    if (migration?.name !== name) {
      throw new StartError(
        `the database has the migration ${name}, which this version does not have: start the version that applied it, ` +
          'or a newer one',
      )
    }
    if (migration.checksum !== checksum) {
      throw new StartError(
        `the migration ${name} was changed after it was applied: undo the change and write a new migration instead`,
      )
    }
  }
  return migrations.slice(applied.length)
}

async function apply(connection: ReservedSql, { name, text, checksum }: Migration): Promise<void> {
  await connection`begin`
  try {
    await connection`select set_config('lock_timeout', ${LOCK_TIMEOUT}, true)`
    await connection.unsafe(text)
    await connection`insert into schema_migrations (name, checksum) values (${name}, ${checksum})`
    await connection`commit`
  } catch (error) {
    await connection`rollback`
    throw new StartError(`the migration ${name} failed and was undone: ${(error as Error).message}`)
  }
}

async function allowApplication(connection: ReservedSql, appUrl: string): Promise<void> {
  await ensureAppLogin(connection, appUrl)
  const appUser = decodeURIComponent(new URL(appUrl).username)
  const [missing] = await connection`
    select 1 as missing from pg_roles
    where rolname = ${APP_ROLE} and not pg_has_role(${appUser}, oid, 'member')`
  if (missing !== undefined) await connection`grant ${connection(APP_ROLE)} to ${connection(appUser)}`
}
