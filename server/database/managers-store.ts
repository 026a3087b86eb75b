// The managers who can be the author of an import from the command line. They are read as the owner of the tables, because the
// organisation is not known yet. The person who runs the command has the password of the database, and so every right.
import postgres from 'postgres'

export interface Manager {
  orgId: string
  orgName: string
  userId: string
  email: string
}

const CONNECT_TIMEOUT_S = 5

/** The managers of all organisations, ordered by organisation and age. */
export async function listManagers(ownerUrl: string): Promise<Manager[]> {
  const sql = postgres(ownerUrl, { max: 1, connect_timeout: CONNECT_TIMEOUT_S, onnotice: () => undefined })
  try {
    const rows = await sql<Manager[]>`
      select o.org_id as "orgId", o.name as "orgName", u.id as "userId", u.email
      from organisations o join users u on u.org_id = o.org_id and u.role = 'manager' and not u.disabled
      order by o.org_id, u.id`
    return [...rows]
  } finally {
    await sql.end()
  }
}
