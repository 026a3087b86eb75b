// `npm run restore -- FILE`: restores a backup into an empty database, begins a new epoch and reports what was restored.
// Guarantees: it restores everything or nothing; it never touches existing data; exit code 0 if the ledger check passes.
import { createReadStream, readFileSync, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import pino from 'pino'
import { alertRules } from '../alerts/alert-rules.ts'
import { BackupDamaged } from '../backups/backup-file.ts'
import { backupStorage } from '../backups/backup-storage.ts'
import { unpack } from '../backups/backup-stream.ts'
import { countRows } from '../backups/make-backup.ts'
import { backupTime } from '../backups/retention.ts'
import { restoreBackup } from '../backups/restore-backup.ts'
import type { Config } from '../process/config.ts'
import { Database } from '../database/database.ts'
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import { listOrganisations } from '../database/organisations-store.ts'
import { Ledger } from '../ledger/ledger.ts'
import { checkLedger } from '../ledger/verify/ledger-check.ts'
import { StartError } from '../process/start-error.ts'
import type { CommandTools } from './run-command.ts'
import { runCommand } from './run-command.ts'

const USAGE = `npm run restore -- FILE|NAME|latest [--identity KEYFILE]
  FILE        a backup on this machine
  NAME        one of those in BACKUP_DIR or the bucket; "latest" is the newest of them
  --identity  the file with the private age key, if the backup is encrypted`
const log = pino({ level: 'silent' })

await runCommand({
  name: 'restore',
  explain: (error) => (error instanceof BackupDamaged ? error.message : undefined),
  run,
})

async function run({ config, closeAtEnd }: CommandTools): Promise<number> {
  const startedAt = performance.now()
  const { name, identity } = parseArguments()
  const open = await findBackup(config, name)
  // The whole backup is read once before anything is written.
  await countRows(unpack(await open(), identity))
  const { url, ownerUrl, stop } = await openEmpty(config)
  closeAtEnd(stop)
  const text = unpack(await open(), identity)
  const { madeAt, rowCount } = await restoreBackup({ ownerUrl, appUrl: url, text, log })
  process.stdout.write(`Restored ${rowCount} rows as of ${madeAt}.\n`)
  const passes = await beginEpochs(url)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  process.stdout.write(
    `Took ${seconds} s. Start the server: devices that connect to it send their pending mutations, and again what they ` +
      'sent in the week before.\n',
  )
  return passes ? 0 : 1
}

/** Begins a new epoch for every organisation and checks its ledger. @returns whether all checks pass */
async function beginEpochs(url: string): Promise<boolean> {
  const database = new Database(url)
  const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
  let passes = true
  try {
    for (const { orgId, name } of await listOrganisations(database)) {
      await ledger.beginEpoch(orgId, {})
      const { lines, auditLines, commits, findings } = await checkLedger(database, orgId)
      passes &&= findings.length === 0
      const verdict = findings.length === 0 ? 'everything fits' : 'NOT everything fits: run npm run verify'
      process.stdout.write(`${name}: ${lines} movements, ${auditLines} changes, ${commits} commits: ${verdict}.\n`)
    }
    return passes
  } finally {
    await database.end()
  }
}

function parseArguments(): { name: string; identity: string | undefined } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { identity: { type: 'string' } } })
    const [name] = positionals
    if (name === undefined || positionals.length > 1) throw new StartError('name exactly one backup')
    return { name, identity: values.identity === undefined ? undefined : readIdentity(values.identity) }
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`)
  }
}

/** The key in a file that age-keygen wrote. */
function readIdentity(path: string): string {
  const key = readFileSync(path, 'utf8')
    .split('\n')
    .find((line) => line.startsWith('AGE-SECRET-KEY-'))
  if (key === undefined) throw new StartError(`${path} does not contain a private age key`)
  return key.trim()
}

/** Returns a function that opens the backup from its beginning, each time it is called. */
async function findBackup({ backups }: Config, name: string): Promise<() => Promise<Readable>> {
  if (statSync(name, { throwIfNoEntry: false })?.isFile()) return async () => createReadStream(name)
  const storage = backupStorage(backups)
  const known = (await storage.list()).filter((one) => backupTime(one) !== undefined).toSorted()
  const found = name === 'latest' ? known.at(-1) : known.find((one) => one === name)
  if (found !== undefined) return () => storage.get(found)
  throw new StartError(
    `there is no backup ${name}, neither as a file nor in ${storage.where}, which holds ${known.length} backups`,
  )
}

/** The configured database, or a new embedded one. `restoreBackup` checks that it is empty. */
async function openEmpty({ databaseUrl, databaseOwnerUrl, dataDir }: Config) {
  if (databaseUrl !== undefined) {
    return { url: databaseUrl, ownerUrl: databaseOwnerUrl ?? databaseUrl, stop: async () => undefined }
  }
  if (findEmbeddedPostgres(dataDir)) {
    throw new StartError(`a server is running on ${dataDir}: stop it, and restore into a new folder (DATA_DIR=…)`)
  }
  return startEmbeddedPostgres({ dataDir, log })
}
