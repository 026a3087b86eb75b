// Who may import what from this machine's command line: asked as the owner of the tables, because it is before any
// organisation is known. Whoever runs it holds the database's password, and so every right already.
import postgres from 'postgres'

export interface Manager {
  orgId: string
  orgName: string
  userId: string
  email: string
}

const CONNECT_TIMEOUT_S = 5

/** The managers of all organisations, each organisation's first one first. */
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
