// The database that a command works on: the configured one, that of a running server in DATA_DIR, or an embedded one that
// is started for the command.
import type { Logger } from 'pino'
import type { Config } from '../process/config.ts'
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../database/embedded/embedded-postgres.ts'
import { migrate } from '../database/schema/migrate.ts'

export interface OpenDatabase {
  url: string
  ownerUrl: string
  stop(): Promise<void>
}

export async function openDatabase(
  { databaseUrl, databaseOwnerUrl, dataDir }: Pick<Config, 'databaseUrl' | 'databaseOwnerUrl' | 'dataDir'>,
  log: Logger,
): Promise<OpenDatabase> {
  const stop = async () => undefined
  if (databaseUrl !== undefined) return { url: databaseUrl, ownerUrl: databaseOwnerUrl ?? databaseUrl, stop }
  const running = findEmbeddedPostgres(dataDir)
  if (running) return { url: running.url, ownerUrl: running.ownerUrl, stop }
  const embedded = await startEmbeddedPostgres({ dataDir, log })
  await migrate(embedded.ownerUrl, { appUrl: embedded.url, log })
  return embedded
}
