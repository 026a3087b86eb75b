// Lets the application use the schema of a library without owning it.
import postgres from 'postgres'
import { APP_ROLE } from './app-role.ts'

/** Any number. Servers that start at once must wait for each other, because PostgreSQL rejects concurrent grants. */
const LOCK_KEY = 7_254_003

/** `schema` is not escaped, so it must not come from outside. */
export async function grantSchema(ownerUrl: string, schema: 'jobs'): Promise<void> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  try {
    // One text is one transaction, which releases the lock at its end.
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
