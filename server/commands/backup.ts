// `npm run backup`: makes a backup now, with or without a running server. Guarantees: a backup that it reports was read
// back and compared; exit code 0 if there is one, else 1.
import pino from 'pino'
import { backupStorage } from '../backups/backup-storage.ts'
import { makeBackup } from '../backups/make-backup.ts'
import { openDatabase } from './open-database.ts'
import type { CommandTools } from './run-command.ts'
import { runCommand } from './run-command.ts'

await runCommand({ name: 'backup', run })

async function run({ config, closeAtEnd }: CommandTools): Promise<void> {
  const { ownerUrl, stop } = await openDatabase(config, pino({ level: 'silent' }))
  closeAtEnd(stop)
  const storage = backupStorage(config.backups)
  const { recipient } = config.backups
  const made = await makeBackup({ ownerUrl, storage, recipient, now: Date.now })
  const { file, bytes, rowCount, tookMs, removed, notRemoved } = made
  const size = `${(bytes / 1e6).toFixed(1)} MB, ${(tookMs / 1000).toFixed(1)} s`
  const checked = recipient === undefined ? `${rowCount} rows read back` : 'encrypted, bytes read back'
  process.stdout.write(`${file} in ${storage.where}: ${size}, ${checked}\n`)
  for (const name of removed) process.stdout.write(`${name} is past its retention time: removed\n`)
  if (notRemoved !== undefined) process.stderr.write(`backup: older backups could not be removed (${notRemoved})\n`)
}
