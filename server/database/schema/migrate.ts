// Brings a database to the newest shape: sql/NNNN_name.sql in order, forward only. Guarantees: each file is applied
// once and whole or not at all; of several that migrate at once one works and the others wait; a file that was changed
// after it was applied, or a database that is newer than these files, stops with one line before anything is touched.
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
  /** How the application connects: its login is made where it is missing, and given the role stockhand_app. */
  appUrl?: string
  folder?: string
  /** The last one to apply, where it is not the newest. */
  upTo?: string
  log: Pick<Logger, 'info'>
}

type Migration = { name: string; text: string; checksum: string }

const FOLDER = fileURLToPath(new URL('../../../sql', import.meta.url))
const FILE_NAME = /^\d{4}_[a-z0-9_]+\.sql$/
/** Any number, the same in every version: two versions that deploy at once must wait for each other. */
const LOCK_KEY = 7_254_001
/** Without it a database that drops packets holds a start up for minutes. */
const CONNECT_TIMEOUT_S = 10
/** A migration that waits for a table's lock makes everybody else wait behind it: better to fail, and be run again. */
const LOCK_TIMEOUT = '10s'
/** How long a server waits for whoever migrates; after it, the platform sees that it does not start. */
const PATIENCE_MS = 60_000
const ASK_AGAIN_MS = 500

/** @returns the names of what it applied. @throws {StartError} in one line, never with a password. */
export async function migrate(ownerUrl: string, { appUrl, folder = FOLDER, upTo, log }: Options): Promise<string[]> {
  const migrations = readMigrations(folder, upTo)
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined, connect_timeout: CONNECT_TIMEOUT_S })
  try {
    const connection = await connect(sql, ownerUrl)
    try {
      // Held by the session, not by a transaction, so that it spans them; the connection's end frees it.
      await connection`select pg_advisory_lock(${LOCK_KEY})`
      const pending = await findPending(connection, migrations)
      for (const migration of pending) {
        await apply(connection, migration)
        log.info(`migrated ${migration.name}`)
      }
      if (appUrl !== undefined) await letIn(connection, appUrl)
      return pending.map(({ name }) => name)
    } finally {
      connection.release()
    }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/**
 * Resolves once a database has all migrations of this version, which somebody else applies.
 * @throws {StartError}, or when the signal says that nobody waits any more
 */
export async function awaitMigrations(
  url: string,
  {
    folder = FOLDER,
    log,
    patienceMs = PATIENCE_MS,
    signal,
  }: Pick<Options, 'folder' | 'log'> & { patienceMs?: number; signal?: AbortSignal },
): Promise<void> {
  const names = readMigrations(folder).map(({ name }) => name)
  // Nothing prepared: a pooler may be between, and what it makes of that is not known yet.
  const sql = postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: CONNECT_TIMEOUT_S, prepare: false })
  try {
    const end = Date.now() + patienceMs
    for (let isFirst = true; ; isFirst = false) {
      const missing = await findMissing(sql, names)
      if (missing.length === 0) return
      if (Date.now() >= end) {
        throw new StartError(
          `the database lacks ${missing.join(', ')}: run npm run migrate, or leave MIGRATE_ON_START out`,
        )
      }
      if (isFirst) log.info(`waiting until the database has ${missing.join(', ')}`)
      await sleep(ASK_AGAIN_MS, undefined, { signal })
    }
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** All of them where the database cannot be asked: it may only just be starting. */
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
      `${upTo} is asked for, which this version does not know: use the version that made it, or a newer one`,
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
        `the database has the migration ${name}, which this version does not know: start the version that made it, ` +
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

async function letIn(connection: ReservedSql, appUrl: string): Promise<void> {
  await ensureAppLogin(connection, appUrl)
  const appUser = decodeURIComponent(new URL(appUrl).username)
  const [missing] = await connection`
    select 1 as missing from pg_roles
    where rolname = ${APP_ROLE} and not pg_has_role(${appUser}, oid, 'member')`
  if (missing !== undefined) await connection`grant ${connection(APP_ROLE)} to ${connection(appUser)}`
}
