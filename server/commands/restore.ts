// `npm run restore -- FILE`: restores a backup into an empty database, begins a new epoch, and says what there is now.
// Guarantees: all of it or none; what is there already is never touched; exit 0 where the ledger fits afterwards.
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
import { readConfig } from '../process/config.ts'
import { Database } from '../database/database.ts'
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import { listOrganisations } from '../database/organisations-store.ts'
import { Ledger } from '../ledger/ledger.ts'
import { checkLedger } from '../ledger/verify/ledger-check.ts'
import { StartError } from '../process/start-error.ts'

const USAGE = `npm run restore -- FILE|NAME|latest [--identity KEYFILE]
  FILE        a backup on this machine
  NAME        one of those in BACKUP_DIR or the bucket; "latest" is the newest of them
  --identity  the file with the private key of age, where the backup is encrypted`
const log = pino({ level: 'silent' })

async function main(): Promise<boolean> {
  const begun = performance.now()
  const config = readConfig(process.env)
  const { name, identity } = readRequest()
  const open = await find(config, name)
  // All of it is read once before anything of it counts.
  await countRows(unpack(await open(), identity))
  const { url, ownerUrl, stop } = await openEmpty(config)
  try {
    const text = unpack(await open(), identity)
    const { madeAt, rowCount } = await restoreBackup({ ownerUrl, appUrl: url, text, log })
    process.stdout.write(`Restored ${rowCount} rows as of ${madeAt}.\n`)
    const fits = await beginAnew(url)
    process.stdout.write(
      `Took ${((performance.now() - begun) / 1000).toFixed(1)} s. Start the server: devices that meet `,
    )
    process.stdout.write('it send again what it took from them in the week before, and what waits on them.\n')
    return fits
  } finally {
    await stop()
  }
}

/** Begins a new epoch for every organisation and checks its ledger. @returns whether all of them fit */
async function beginAnew(url: string): Promise<boolean> {
  const database = new Database(url)
  const ledger = new Ledger({ database, alertRules, now: Date.now, publish: () => undefined })
  let fits = true
  try {
    for (const { orgId, name } of await listOrganisations(database)) {
      await ledger.beginEpoch(orgId, {})
      const { lines, auditLines, commits, findings } = await checkLedger(database, orgId)
      fits &&= findings.length === 0
      const verdict = findings.length === 0 ? 'everything fits' : 'NOT everything fits: run npm run verify'
      process.stdout.write(`${name}: ${lines} movements, ${auditLines} changes, ${commits} commits: ${verdict}.\n`)
    }
    return fits
  } finally {
    await database.end()
  }
}

function readRequest(): { name: string; identity: string | undefined } {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { identity: { type: 'string' } } })
    const [name] = positionals
    if (name === undefined || positionals.length > 1) throw new StartError('one backup must be named')
    return { name, identity: values.identity === undefined ? undefined : readIdentity(values.identity) }
  } catch (error) {
    throw new StartError(`${(error as Error).message}\n${USAGE}`)
  }
}

/** The key in a file as age-keygen writes it. */
function readIdentity(path: string): string {
  const key = readFileSync(path, 'utf8')
    .split('\n')
    .find((line) => line.startsWith('AGE-SECRET-KEY-'))
  if (key === undefined) throw new StartError(`${path} holds no private key of age`)
  return key.trim()
}

/** How to read it, from its beginning each time. */
async function find({ backups }: Config, name: string): Promise<() => Promise<Readable>> {
  if (statSync(name, { throwIfNoEntry: false })?.isFile()) return async () => createReadStream(name)
  const storage = backupStorage(backups)
  const known = (await storage.list()).filter((one) => backupTime(one) !== undefined).toSorted()
  const found = name === 'latest' ? known.at(-1) : known.find((one) => one === name)
  if (found !== undefined) return () => storage.get(found)
  throw new StartError(
    `there is no backup ${name}, neither as a file nor in ${storage.where}, which holds ${known.length} backups`,
  )
}

/** The configured database, or a new embedded one. That it is empty is looked at when it is restored into. */
async function openEmpty({ databaseUrl, databaseOwnerUrl, dataDir }: Config) {
  if (databaseUrl !== undefined) {
    return { url: databaseUrl, ownerUrl: databaseOwnerUrl ?? databaseUrl, stop: async () => undefined }
  }
  if (findEmbeddedPostgres(dataDir)) {
    throw new StartError(`a server is running on ${dataDir}: stop it, and restore into a new folder (DATA_DIR=…)`)
  }
  return startEmbeddedPostgres({ dataDir, log })
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  const isForPeople = error instanceof StartError || error instanceof BackupDamaged
  process.stderr.write(`restore: ${isForPeople ? error.message : (error as Error).stack}\n`)
  process.exitCode = 1
}
