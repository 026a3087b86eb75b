// The database access of backups, as the owner: whole tables by COPY, and the list of backups.
import assert from 'node:assert/strict'
import type { Database } from '../database/database.ts'
import { readCopy, writeCopy } from '../database/postgres-js-workarounds/copy-streams.ts'
import type { Owner, OwnerConnection, OwnerTx } from '../database/schema/owner.ts'
import type { BackupHeader, TableHeader } from './backup-file.ts'

/** Any number that is the same in every version. Two backups at once would only slow each other down. */
const LOCK_KEY = 7_254_002
/** Tables about the installation, which are not part of a backup. */
const EXCLUDED_TABLES = ['schema_migrations', 'backups']

/** Returns undefined if another backup is being made. The lock ends with the connection. */
export async function lockForBackup(owner: Owner): Promise<OwnerConnection | undefined> {
  const connection = await owner.reserve()
  const [lock] = await connection<{ locked: boolean }[]>`select pg_try_advisory_lock(${LOCK_KEY}) as locked`
  if (lock?.locked) return connection
  connection.release()
  return undefined
}

export async function unlock(connection: OwnerConnection): Promise<void> {
  await connection`select pg_advisory_unlock(${LOCK_KEY})`
  connection.release()
}

/** Reads everything as of one moment. Writers are not blocked. */
export function inOneSnapshot<T>(owner: Owner, read: (tx: OwnerTx) => Promise<T>): Promise<T> {
  return owner.begin('isolation level repeatable read read only', read) as Promise<T>
}

/** Empty if the database was never migrated. */
export async function readMigrationsApplied(sql: Owner | OwnerTx): Promise<BackupHeader['migrations']> {
  if (!(await hasTable(sql, 'schema_migrations'))) return []
  const rows = await sql<{ name: string; checksum: string }[]>`
    select name, checksum from schema_migrations order by name`
  return [...rows]
}

/** Every table with its columns, without generated ones. Each table comes after the tables that it references. */
export async function listTables(sql: Owner | OwnerTx): Promise<TableHeader[]> {
  const tables = await sql<(TableHeader & { refersTo: string[] })[]>`
    select c.relname as "table", array_agg(a.attname::text order by a.attnum) as columns,
      array(
        select f.confrelid::regclass::text from pg_constraint f
        where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid
      ) as "refersTo"
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> all (${EXCLUDED_TABLES})
    group by c.oid
    order by c.relname`
  const listed = new Map<string, TableHeader>()
  for (let remaining = [...tables]; remaining.length > 0;) {
    const ready = remaining.filter(({ refersTo }) => refersTo.every((name) => listed.has(name)))
    assert(
      ready.length > 0,
      `tables refer to each other in a circle: ${remaining.map(({ table }) => table).join(', ')}`,
    )
    for (const { table, columns } of ready) listed.set(table, { table, columns })
    remaining = remaining.filter(({ table }) => !listed.has(table))
  }
  return [...listed.values()]
}

/** The rows of a table in COPY's text format. */
export async function* copyOut(tx: OwnerTx, { table, columns }: TableHeader): AsyncGenerator<Buffer> {
  yield* readCopy(await tx`copy ${tx(table)} (${tx(columns)}) to stdout`.readable())
}

/** Inserts the rows of a table. @throws if PostgreSQL rejects them */
export async function copyIn(
  tx: OwnerTx,
  { table, columns }: TableHeader,
  rows: AsyncIterable<Uint8Array>,
): Promise<void> {
  await writeCopy(tx, await tx`copy ${tx(table)} (${tx(columns)}) from stdin`.writable(), rows)
}

export async function isEmpty(owner: Owner): Promise<boolean> {
  if (!(await hasTable(owner, 'organisations'))) return true
  return (await owner`select from organisations limit 1`).length === 0
}

async function hasTable(sql: Owner | OwnerTx, name: string): Promise<boolean> {
  const [found] = await sql<{ exists: boolean }[]>`
    select to_regclass(${`public.${name}`}) is not null as "exists"`
  return found?.exists === true
}

export interface BackupStart {
  id: string
  atMs: number
  file: string
  encrypted: boolean
}

export async function recordStart(owner: Owner, { id, atMs, file, encrypted }: BackupStart): Promise<void> {
  // This process holds the lock, so a backup that is still recorded as running was killed.
  await owner`
    update backups set state = 'failed', ended_at = ${new Date(atMs)}, problem = 'the process that made it ended'
    where state = 'running'`
  await owner`
    insert into backups (id, began_at, state, file, encrypted)
    values (${id}, ${new Date(atMs)}, 'running', ${file}, ${encrypted})`
}

export interface BackupEnd {
  atMs: number
  bytes?: number
  sha256?: string
  rowCount?: number
  problem?: string
}

export async function recordEnd(owner: Owner, id: string, { atMs, bytes, sha256, rowCount, problem }: BackupEnd) {
  await owner`
    update backups set ended_at = ${new Date(atMs)}, state = ${problem === undefined ? 'done' : 'failed'},
      bytes = ${bytes ?? null}, sha256 = ${sha256 ?? null}, row_count = ${rowCount ?? null}, problem = ${problem ?? null}
    where id = ${id}`
}

export interface BackupNote {
  id: string
  /** Unix ms. */
  beganAt: number
  /** Unix ms. Null while the backup is being made. */
  endedAt: number | null
  state: 'running' | 'done' | 'failed'
  file: string
  bytes: number | null
  encrypted: boolean
  problem: string | null
}

/** The newest first. */
export async function listBackups(database: Database, limit: number): Promise<BackupNote[]> {
  const rows = await database.anonymous<BackupNote[]>`
    select id, (extract(epoch from began_at) * 1000)::int8 as "beganAt",
      (extract(epoch from ended_at) * 1000)::int8 as "endedAt", state, file, bytes, encrypted, problem
    from backups order by began_at desc limit ${limit}`
  return [...rows]
}

export async function findLastDone(database: Database): Promise<{ atMs: number; bytes: number } | undefined> {
  const [last] = await database.anonymous<{ atMs: number; bytes: number }[]>`
    select (extract(epoch from began_at) * 1000)::int8 as "atMs", bytes
    from backups where state = 'done' order by began_at desc limit 1`
  return last
}
