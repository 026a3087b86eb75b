// Prepares a database for this version: its schema and the tables of the job queue. It works as their owner, so the
// application does not need to own anything.
import type { Logger } from 'pino'
import { migrate } from '../database/schema/migrate.ts'
import { Jobs } from '../jobs/jobs.ts'

/** @returns the names of the migrations that it applied. @throws {StartError} with a message of one line */
export async function prepareDatabase(
  { url, ownerUrl }: { url: string; ownerUrl: string },
  log: Pick<Logger, 'info'>,
): Promise<string[]> {
  const applied = await migrate(ownerUrl, { appUrl: url, log })
  await Jobs.prepare(ownerUrl)
  return applied
}
