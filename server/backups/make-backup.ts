// Makes a backup: everything as of one moment, written away, read back and compared before it counts, and what is older
// than any reason to keep it removed. Nobody waits for it but the disk.
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
  noteBegun,
  noteEnded,
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
  /** Older ones that were removed. */
  removed: string[]
  /** Why others that are too old are still there. */
  notRemoved?: string
}

/** One a day at least: a server that was off at its time makes it when it starts. */
const DUE_AFTER_MS = 24 * 3_600_000

export async function isBackupDue(database: Database, nowMs: number): Promise<boolean> {
  const last = await findLastDone(database)
  return last === undefined || nowMs - last.atMs > DUE_AFTER_MS
}

/** @throws {StartError} where another backup is being made */
export async function makeBackup(parts: BackupParts): Promise<BackupMade> {
  const owner = openAsOwner(parts.ownerUrl)
  try {
    const lock = await lockForBackup(owner)
    if (!lock) throw new StartError('another backup is being made just now')
    try {
      return await makeAndNote(owner, parts)
    } finally {
      await unlock(lock)
    }
  } finally {
    await owner.end({ timeout: 1 })
  }
}

async function makeAndNote(owner: Owner, parts: BackupParts): Promise<BackupMade> {
  const { storage, recipient, now } = parts
  const { file, atMs } = await freeName(parts)
  const id = randomUUID()
  await noteBegun(owner, { id, atMs, file, encrypted: recipient !== undefined })
  try {
    const { bytes, sha256 } = await write(owner, parts, { file, atMs })
    const rowCount = await verify(storage, file, { sha256, isReadable: recipient === undefined })
    await noteEnded(owner, id, { atMs: now(), bytes, sha256, ...(rowCount !== undefined && { rowCount }) })
    return { file, bytes, rowCount: rowCount ?? 0, tookMs: now() - atMs, ...(await removeOld(parts)) }
  } catch (error) {
    // Under a good name it would be taken for one, and the good one of its day would go as too many.
    await storage.remove(file).catch(() => undefined)
    await noteEnded(owner, id, { atMs: now(), problem: (error as Error).message })
    throw error
  }
}

/** Where the store lets nobody remove anything (an object lock), the backup counts all the same. */
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

/** A name tells the second: one that is taken is waited out. */
async function freeName({ storage, recipient, now }: BackupParts): Promise<{ file: string; atMs: number }> {
  const taken = new Set(await storage.list())
  for (;;) {
    const atMs = now()
    const file = backupName(atMs, { encrypted: recipient !== undefined })
    if (!taken.has(file)) return { file, atMs }
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

/** Reads back what was written. @returns how many rows it holds; undefined where only its recipient can tell */
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
  if (digest.sha256() !== sha256) throw new BackupDamaged(`${file} is not in ${storage.where} as it was written`)
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
