// All organisations of this server, for work that processes one after the other.
import type { Database } from './database.ts'

export async function listOrganisations(database: Database): Promise<{ orgId: string; name: string }[]> {
  const rows = await database.anonymous<{ orgId: string; name: string }[]>`
    select org_id as "orgId", name from list_organisations()`
  return [...rows]
}
