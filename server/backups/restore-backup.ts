// Restores a backup into an empty database: the migrations of the backup, its rows in one transaction, and the migrations
// since. The caller then begins a new epoch, so that devices send their mutations since the backup again. Guarantees: it
// restores everything or nothing.
import type { Logger } from 'pino'
import { migrate } from '../database/schema/migrate.ts'
import type { Owner, OwnerTx } from '../database/schema/owner.ts'
import { openAsOwner } from '../database/schema/owner.ts'
import { StartError } from '../process/start-error.ts'
import type { BackupHeader, BackupPart } from './backup-file.ts'
import { BackupDamaged, readBackup } from './backup-file.ts'
import { copyIn, isEmpty, listTables, readMigrationsApplied } from './backup-store.ts'

export interface RestoreParts {
  ownerUrl: string
  /** How the application connects. Its login is created if it does not exist. */
  appUrl: string
  /** The text of a backup. */
  text: AsyncIterable<Uint8Array>
  log: Pick<Logger, 'info'>
}

export interface Restored {
  madeAt: string
  rowCount: number
}

/** Restores the rows, and does not begin a new epoch. @throws {StartError} {BackupDamaged} */
export async function restoreBackup({ ownerUrl, appUrl, text, log }: RestoreParts): Promise<Restored> {
  const owner = openAsOwner(ownerUrl)
  try {
    if (!(await isEmpty(owner))) {
      throw new StartError(
        'this database already contains organisations, but a backup can only be restored into an empty one: set ' +
          'DATABASE_URL (or DATA_DIR) to another one, or move this one away',
      )
    }
    const parts = readBackup(text)
    const header = await readHeader(parts)
    await prepare(owner, { ownerUrl, appUrl, header, log })
    const rowCount = (await owner.begin((tx) => load(tx, parts))) as number
    await migrate(ownerUrl, { appUrl, log })
    return { madeAt: header.madeAt, rowCount }
  } finally {
    await owner.end({ timeout: 1 })
  }
}

async function readHeader(parts: AsyncGenerator<BackupPart>): Promise<BackupHeader> {
  const { value } = (await parts.next()) as { value: BackupPart }
  if (value.kind !== 'header') throw new BackupDamaged('this is not a Stockhand backup, or its beginning is damaged')
  return value.header
}

/** Creates the tables as they were when the backup was made. */
async function prepare(
  owner: Owner,
  { ownerUrl, appUrl, header, log }: Omit<RestoreParts, 'text'> & { header: BackupHeader },
): Promise<void> {
  const last = header.migrations.at(-1)
  if (!last) throw new BackupDamaged('this backup is damaged: it does not list any migration')
  if ((await readMigrationsApplied(owner)).length > header.migrations.length) {
    throw new StartError(
      'this database was prepared by a newer version than the backup: restore into a new one, which is then migrated',
    )
  }
  await migrate(ownerUrl, { appUrl, upTo: last.name, log })
  if (JSON.stringify(await readMigrationsApplied(owner)) !== JSON.stringify(header.migrations)) {
    throw new StartError('this backup was made by a version with other migrations: restore it with that version')
  }
}

async function load(tx: OwnerTx, parts: AsyncGenerator<BackupPart>): Promise<number> {
  const known = new Map((await listTables(tx)).map(({ table, columns }) => [table, new Set(columns)]))
  for await (const part of parts) {
    if (part.kind === 'end') return part.rowCount
    if (part.kind !== 'table') continue
    const { table, rows } = part
    const columns = known.get(table.table)
    if (!columns || !table.columns.every((column) => columns.has(column)))
      throw new BackupDamaged(`this backup is damaged: there is no table ${table.table} with these columns`)
    try {
      await copyIn(tx, table, rows)
    } catch (error) {
      throw isInvalidRow(error)
        ? new BackupDamaged(`this backup is damaged: rows of ${table.table} are invalid`)
        : error
    }
  }
  throw new BackupDamaged('this backup is damaged: it has no end')
}

/** SQLSTATE 22 (data), 23 (integrity), or 25P02 (the statement after rows that were rejected). */
function isInvalidRow(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|25P02)/.test(String(error.code))
}
