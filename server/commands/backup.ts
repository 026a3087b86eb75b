// `npm run backup`: makes a backup now, beside a running server or without one. Guarantees: it was read back and compared
// when this says so; exit 0 then, 1 where there is none.
import pino from 'pino'
import { backupStorage } from '../backups/backup-storage.ts'
import { makeBackup } from '../backups/make-backup.ts'
import { readConfig } from '../process/config.ts'
import { openDatabase } from './open-database.ts'
import { StartError } from '../process/start-error.ts'

async function main(): Promise<void> {
  const config = readConfig(process.env)
  const { ownerUrl, stop } = await openDatabase(config, pino({ level: 'silent' }))
  try {
    const storage = backupStorage(config.backups)
    const { recipient } = config.backups
    const made = await makeBackup({ ownerUrl, storage, recipient, now: Date.now })
    const { file, bytes, rowCount, tookMs, removed, notRemoved } = made
    const size = `${(bytes / 1e6).toFixed(1)} MB, ${(tookMs / 1000).toFixed(1)} s`
    const checked = recipient === undefined ? `${rowCount} rows read back` : 'encrypted, bytes read back'
    process.stdout.write(`${file} in ${storage.where}: ${size}, ${checked}\n`)
    for (const name of removed) process.stdout.write(`${name} was older than any reason to keep it: removed\n`)
    if (notRemoved !== undefined) process.stderr.write(`backup: older ones could not be removed (${notRemoved})\n`)
  } finally {
    await stop()
  }
}

try {
  await main()
} catch (error) {
  const text = error instanceof StartError ? error.message : ((error as Error).stack ?? String(error))
  process.stderr.write(`backup: ${text}\n`)
  process.exitCode = 1
}
