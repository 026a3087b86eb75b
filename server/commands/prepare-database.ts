// Makes a database what this version works on: its schema, and the tables that jobs are kept in. As their owner: whoever
// runs the application afterwards needs to own nothing.
import type { Logger } from 'pino'
import { migrate } from '../database/schema/migrate.ts'
import { Jobs } from '../jobs/jobs.ts'

/** @returns the names of the migrations that it applied. @throws {StartError} in one line */
export async function prepareDatabase(
  { url, ownerUrl }: { url: string; ownerUrl: string },
  log: Pick<Logger, 'info'>,
): Promise<string[]> {
  const applied = await migrate(ownerUrl, { appUrl: url, log })
  await Jobs.prepare(ownerUrl)
  return applied
}
