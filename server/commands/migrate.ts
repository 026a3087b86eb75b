// `npm run migrate`: prepares the database of DATABASE_URL for this version and ends. For release commands and jobs of a
// deployment, whose servers then start with MIGRATE_ON_START=false and without the owner's password. Guarantees: exit code
// 0 if the database is ready, also if it was ready before; else 1 with one line on stderr.
import { openLog } from '../process/log.ts'
import { StartError } from '../process/start-error.ts'
import { prepareDatabase } from './prepare-database.ts'
import type { CommandTools } from './run-command.ts'
import { runCommand } from './run-command.ts'

await runCommand({ name: 'migrate', run })

async function run({ config }: CommandTools): Promise<void> {
  const { databaseUrl: url, databaseOwnerUrl: ownerUrl, logLevel } = config
  if (url === undefined || ownerUrl === undefined)
    throw new StartError('DATABASE_URL is not set: the embedded PostgreSQL is migrated by npm start')
  const log = openLog(logLevel)
  const applied = await prepareDatabase({ url, ownerUrl }, log)
  log.info({ applied }, 'the database is ready')
}
