// Lets the application use what a library keeps in a schema of its own. It owns none of it.
import postgres from 'postgres'
import { APP_ROLE } from './app-role.ts'

/** Any number: servers that start at once must wait for each other, because PostgreSQL refuses grants that overlap. */
const LOCK_KEY = 7_254_003

/** `schema` is ours, never from outside. */
export async function grantSchema(ownerUrl: string, schema: 'jobs'): Promise<void> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  try {
    // One text is one transaction, which frees the lock.
    await sql.unsafe(`
      select pg_advisory_xact_lock(${LOCK_KEY});
      grant usage on schema ${schema} to ${APP_ROLE};
      grant select, insert, update, delete on all tables in schema ${schema} to ${APP_ROLE};
      grant usage on all sequences in schema ${schema} to ${APP_ROLE};
      grant execute on all functions in schema ${schema} to ${APP_ROLE}`)
  } finally {
    await sql.end()
  }
}
