// Lets the application use what a library keeps in a schema of its own. It owns none of it.
import postgres from 'postgres'
import { APP_ROLE } from './app-role.ts'

/** `schema` is ours, never from outside. */
export async function grantSchema(ownerUrl: string, schema: 'jobs'): Promise<void> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  try {
    await sql.unsafe(`
      grant usage on schema ${schema} to ${APP_ROLE};
      grant select, insert, update, delete on all tables in schema ${schema} to ${APP_ROLE};
      grant usage on all sequences in schema ${schema} to ${APP_ROLE};
      grant execute on all functions in schema ${schema} to ${APP_ROLE}`)
  } finally {
    await sql.end()
  }
}
