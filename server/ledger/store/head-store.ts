// The head of an organisation, and the commits behind it.
import type { Sql } from '../../database/database.ts'
import type { CommitId } from '../../events/commit-id.ts'

export interface Head {
  version: number
  epoch: number
  logNo: number
  logHash: string
  auditNo: number
  auditHash: string
  /** The number of blocked mutations. */
  blocked: number
}

/** Locks the head until the transaction ends. A statement of its own, because one that waits reads an old snapshot. */
export async function lockHead(sql: Sql, orgId: string): Promise<Head | undefined> {
  const [head] = await sql<Head[]>`
    select version, epoch, log_no as "logNo", encode(log_hash, 'hex') as "logHash",
      audit_no as "auditNo", encode(audit_hash, 'hex') as "auditHash", waiting as blocked
    from org_heads where org_id = ${orgId} for no key update`
  return head
}

/** Returns undefined if the version was never committed. */
export async function loadCommitId(sql: Sql, orgId: string, version: number): Promise<CommitId | undefined> {
  const [commitId] = await sql<CommitId[]>`
    select head as "chainHead", at_ms as "atMs" from commits where org_id = ${orgId} and version = ${version}`
  return commitId
}
