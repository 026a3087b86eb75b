// Makes a backup: writes a snapshot of everything, reads it back and compares it, and removes the backups that are past their
// retention time. It does not block anything else.
import { randomUUID } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../database/database.ts'
import type { Owner, OwnerTx } from '../database/schema/owner.ts'
import { openAsOwner } from '../database/schema/owner.ts'
import { StartError } from '../process/start-error.ts'
import { VERSION } from '../process/version.ts'
import { BackupDamaged, readBackup, writeBackup } from './backup-file.ts'
import type { BackupStorage } from './backup-storage.ts'
import {
  copyOut,
  findLastDone,
  inOneSnapshot,
  listTables,
  lockForBackup,
  recordStart,
  recordEnd,
  readMigrationsApplied,
  unlock,
} from './backup-store.ts'
import { FileDigest, pack, unpack } from './backup-stream.ts'
import { backupName, expiredBackups } from './retention.ts'

export interface BackupParts {
  ownerUrl: string
  storage: BackupStorage
  /** An age public key that backups are encrypted for. */
  recipient: string | undefined
  now: () => number
}

export interface BackupMade {
  file: string
  bytes: number
  rowCount: number
  tookMs: number
  /** The older backups that were removed. */
  removed: string[]
  /** Why other expired backups could not be removed. */
  notRemoved?: string
}

/** At least one a day. A server that was off at the scheduled time makes it when it starts. */
const DUE_AFTER_MS = 24 * 3_600_000

export async function isBackupDue(database: Database, nowMs: number): Promise<boolean> {
  const last = await findLastDone(database)
  return last === undefined || nowMs - last.atMs > DUE_AFTER_MS
}

/** @throws {StartError} if another backup is being made */
export async function makeBackup(parts: BackupParts): Promise<BackupMade> {
  const owner = openAsOwner(parts.ownerUrl)
  try {
    const lock = await lockForBackup(owner)
    if (!lock) throw new StartError('another backup is being made at the moment')
    try {
      return await makeAndRecord(owner, parts)
    } finally {
      await unlock(lock)
    }
  } finally {
    await owner.end({ timeout: 1 })
  }
}

async function makeAndRecord(owner: Owner, parts: BackupParts): Promise<BackupMade> {
  const { storage, recipient, now } = parts
  const { file, atMs } = await freeName(parts)
  const id = randomUUID()
  await recordStart(owner, { id, atMs, file, encrypted: recipient !== undefined })
  try {
    const { bytes, sha256 } = await write(owner, parts, { file, atMs })
    const rowCount = await verify(storage, file, { sha256, isReadable: recipient === undefined })
    await recordEnd(owner, id, { atMs: now(), bytes, sha256, ...(rowCount !== undefined && { rowCount }) })
    return { file, bytes, rowCount: rowCount ?? 0, tookMs: now() - atMs, ...(await removeOld(parts)) }
  } catch (error) {
    // Otherwise retention would count it as the backup of its day and remove a good one.
    await storage.remove(file).catch(() => undefined)
    await recordEnd(owner, id, { atMs: now(), problem: (error as Error).message })
    throw error
  }
}

/** If the store does not allow removing (an object lock), the backup is valid anyway. */
async function removeOld({ storage, now }: BackupParts): Promise<Pick<BackupMade, 'removed' | 'notRemoved'>> {
  const removed: string[] = []
  try {
    for (const name of expiredBackups(await storage.list(), now())) {
      await storage.remove(name)
      removed.push(name)
    }
    return { removed }
  } catch (error) {
    return { removed, notRemoved: (error as Error).message }
  }
}

/** Waits if the name already exists, because names only have the precision of a second. */
async function freeName({ storage, recipient, now }: BackupParts): Promise<{ file: string; atMs: number }> {
  const existing = new Set(await storage.list())
  for (;;) {
    const atMs = now()
    const file = backupName(atMs, { encrypted: recipient !== undefined })
    if (!existing.has(file)) return { file, atMs }
    await sleep(100)
  }
}

function write(
  owner: Owner,
  { storage, recipient }: BackupParts,
  { file, atMs }: { file: string; atMs: number },
): Promise<{ bytes: number; sha256: string }> {
  return inOneSnapshot(owner, async (tx) => {
    const migrations = await readMigrationsApplied(tx)
    const text = writeBackup({ madeAt: new Date(atMs).toISOString(), version: VERSION, migrations }, tablesOf(tx))
    const digest = new FileDigest()
    const content = new PassThrough()
    await Promise.all([pipeline(await pack(text, recipient), digest, content), storage.put(file, content)])
    return { bytes: digest.bytes, sha256: digest.sha256() }
  })
}

async function* tablesOf(tx: OwnerTx) {
  for (const table of await listTables(tx)) yield { table, rows: copyOut(tx, table) }
}

/** Reads the backup again. @returns the number of its rows, or undefined if it is encrypted */
async function verify(
  storage: BackupStorage,
  file: string,
  { sha256, isReadable }: { sha256: string; isReadable: boolean },
): Promise<number | undefined> {
  const digest = new FileDigest()
  const content = await storage.get(file)
  content.on('error', (error) => digest.destroy(error))
  content.pipe(digest)
  let rowCount: number | undefined
  if (isReadable) rowCount = await countRows(unpack(digest, undefined))
  else for await (const _ of digest);
  if (digest.sha256() !== sha256)
    throw new BackupDamaged(`${file} in ${storage.where} does not have the contents that were written`)
  return rowCount
}

/** Reads a whole backup. @throws {BackupDamaged} */
export async function countRows(text: AsyncIterable<Uint8Array>): Promise<number> {
  for await (const part of readBackup(text)) {
    if (part.kind === 'table') for await (const _ of part.rows);
    if (part.kind === 'end') return part.rowCount
  }
  throw new BackupDamaged('this backup is damaged: it has no end')
}
