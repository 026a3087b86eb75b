// Reads what the ledger check needs, page by page, and stores its reports.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Database, Sql } from '../../database/database.ts'
import type { CheckReport } from './ledger-check.ts'
import { AUDIT_COLUMNS, LOG_COLUMNS } from '../commit/log-lines.ts'
import type { AuditLine, HashedLogLine } from '../commit/log-lines.ts'

/** The number of rows in memory at once. */
const PAGE_SIZE = 5_000
const WRONG_POSITIONS = readFileSync(
  fileURLToPath(new URL('../../../sql/checks/positions.sql', import.meta.url)),
  'utf8',
)

export interface CheckedHead {
  version: number
  logNo: number
  logHash: string
  auditNo: number
  auditHash: string
}

export async function readHeadToCheck(sql: Sql, orgId: string): Promise<CheckedHead | undefined> {
  const [head] = await sql<CheckedHead[]>`
    select version, log_no as "logNo", encode(log_hash, 'hex') as "logHash", audit_no as "auditNo",
      encode(audit_hash, 'hex') as "auditHash"
    from org_heads where org_id = ${orgId}`
  return head
}

type Linked<L> = L & { no: number; version: number; hash: string }

export function readLog(sql: Sql, orgId: string): AsyncGenerator<Linked<HashedLogLine>> {
  return paged((after) =>
    sql.unsafe<Linked<HashedLogLine>[]>(
      `select ${LOG_COLUMNS.join(', ')}, version, encode(hash, 'hex') as hash
       from inventory_logs where org_id = $1 and no > $2 order by no limit ${PAGE_SIZE}`,
      [orgId, after],
      { prepare: true },
    ),
  )
}

export function readAudit(sql: Sql, orgId: string): AsyncGenerator<Linked<AuditLine>> {
  return paged((after) =>
    sql.unsafe<Linked<AuditLine>[]>(
      `select ${AUDIT_COLUMNS.map((column) => `"${column}"`).join(', ')}, version, encode(hash, 'hex') as hash
       from audit_log where org_id = $1 and no > $2 order by no limit ${PAGE_SIZE}`,
      [orgId, after],
      { prepare: true },
    ),
  )
}

export async function* readCommits(sql: Sql, orgId: string): AsyncGenerator<{ version: number; head: string }> {
  let after = 0
  for (;;) {
    const page = await sql<{ version: number; head: string }[]>`
      select version, head from commits where org_id = ${orgId} and version > ${after} order by version limit ${PAGE_SIZE}`
    yield* page
    if (page.length < PAGE_SIZE) return
    after = page.at(-1)!.version
  }
}

async function* paged<L extends { no: number }>(read: (after: number) => Promise<L[]>): AsyncGenerator<L> {
  let after = 0
  for (;;) {
    const page = await read(after)
    yield* page
    if (page.length < PAGE_SIZE) return
    after = page.at(-1)!.no
  }
}

export interface WrongPosition {
  itemId: string
  locationId: string
  lot: string
  expected: number | null
  found: number | null
}

export async function findWrongPositions(sql: Sql): Promise<WrongPosition[]> {
  return sql.unsafe<WrongPosition[]>(WRONG_POSITIONS)
}

export async function storeReport(
  database: Database,
  orgId: string,
  { report, atMs, tookMs }: { report: CheckReport; atMs: number; tookMs: number },
): Promise<void> {
  await database.transaction(orgId, async ({ sql }) => {
    await sql`
      insert into ledger_checks (org_id, checked_at_ms, took_ms, report)
      values (${orgId}, ${atMs}, ${Math.round(tookMs)}, ${JSON.stringify(report)}::text::jsonb)`
  })
}
