// `npm run migrate`: prepares the database of DATABASE_URL for this version and ends. For release commands and jobs of a
// deployment, whose servers then start with MIGRATE_ON_START=false and without the owner's password. Guarantees: exit 0
// where the database is ready, also if it was before; 1 with one line on stderr where it is not.
import { readConfig } from '../process/config.ts'
import { openLog } from '../process/log.ts'
import { prepareDatabase } from './prepare-database.ts'
import { StartError } from '../process/start-error.ts'

async function main(): Promise<void> {
  const { databaseUrl: url, databaseOwnerUrl: ownerUrl, logLevel } = readConfig(process.env)
  if (url === undefined || ownerUrl === undefined)
    throw new StartError('DATABASE_URL is not set: the embedded PostgreSQL is migrated by npm start')
  const log = openLog(logLevel)
  const applied = await prepareDatabase({ url, ownerUrl }, log)
  log.info({ applied }, 'the database is ready')
}

try {
  await main()
} catch (error) {
  process.stderr.write(
    `migrate: ${error instanceof StartError ? error.message : ((error as Error).stack ?? String(error))}\n`,
  )
  process.exitCode = 1
}
