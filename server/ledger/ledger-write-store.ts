// What the ledger writes to PostgreSQL: all that a group of batches changed, in one round trip.
import type { Kind, Row } from '#shared/rows/rows.ts'
import { columnsOf, FIELD_STAMPS } from '#shared/rows/rows.ts'
import type { Tx } from '../database/database.ts'
import { columnOf, keyColumnsOf, tableOf } from '../database/tables.ts'
import type { DeviceRow, Head } from './ledger-store.ts'
import { STAMPED } from './ledger-store.ts'
import type { AuditLine, LogLine } from './log-lines.ts'

export interface MutationLine {
  id: string
  client_id: string
  seq: number
  name: string
  user_id: string
  code: string | null
  detail: unknown
  log_no: number | null
  log_lines: number
}

export interface Writing {
  head: Head
  rows: Map<Kind, Row<Kind>[]>
  logLines: (LogLine & { hash: string })[]
  auditLines: (AuditLine & { hash: string })[]
  mutations: MutationLine[]
  devices: DeviceRow[]
  commit: { atMs: number; head: string }
}

/** Sends all that a group changed. It travels with the commit. */
export function writeAll({ sql, write }: Tx, orgId: string, writing: Writing): void {
  const { head, commit } = writing
  for (const [kind, rows] of writing.rows) writeRows({ sql, write }, orgId, { kind, rows })
  if (writing.logLines.length > 0) {
    const lines = writing.logLines.map((line) => ({
      ...line,
      org_id: orgId,
      version: head.version,
      hash: `\\x${line.hash}`,
    }))
    write(
      sql`insert into inventory_logs select * from json_populate_recordset(null::inventory_logs, ${JSON.stringify(lines)}::text::json)`,
    )
  }
  if (writing.auditLines.length > 0) {
    const lines = writing.auditLines.map((line) => ({
      ...line,
      org_id: orgId,
      version: head.version,
      hash: `\\x${line.hash}`,
    }))
    write(
      sql`insert into audit_log select * from json_populate_recordset(null::audit_log, ${JSON.stringify(lines)}::text::json)`,
    )
  }
  write(sql`
    with decided as (
      insert into mutations select * from json_populate_recordset(null::mutations, ${asJson(writing.mutations, orgId)}::text::json)
      on conflict (org_id, id) do update set
        code = excluded.code, detail = excluded.detail, log_no = excluded.log_no, log_lines = excluded.log_lines
    ), sent as (
      insert into devices (org_id, client_id, user_id, last_seq, last_at)
      select org_id, client_id, user_id, last_seq, last_at
      from json_populate_recordset(null::devices, ${asJson(writing.devices.map(deviceLine), orgId)}::text::json)
      on conflict (org_id, client_id)
        do update set last_seq = excluded.last_seq, last_at = excluded.last_at, seen_at = now()
    ), committed as (
      insert into commits (org_id, version, at_ms, head) values (${orgId}, ${head.version}, ${commit.atMs}, ${commit.head})
    )
    update org_heads set version = ${head.version}, epoch = ${head.epoch}, log_no = ${head.logNo}, log_hash = decode(${head.logHash}, 'hex'),
      audit_no = ${head.auditNo}, audit_hash = decode(${head.auditHash}, 'hex'),
      waiting = ${head.waiting}
    where org_id = ${orgId}`)
}

function asJson(lines: readonly object[], orgId: string): string {
  return JSON.stringify(lines.map((line) => ({ ...line, org_id: orgId })))
}

function deviceLine({ clientId, userId, lastSeq, lastAt }: DeviceRow) {
  return { client_id: clientId, user_id: userId, last_seq: lastSeq, last_at: lastAt }
}

/** Inserts or replaces rows of one kind, in one statement. Members are not written here: accounts hold more of them. */
function writeRows({ sql, write }: Tx, orgId: string, { kind, rows }: { kind: Kind; rows: Row<Kind>[] }): void {
  const table = tableOf(kind)
  const keys = keyColumnsOf(kind)
  const stamped = STAMPED.includes(kind)
  const columns = [...columnsOf[kind].map(columnOf), ...(stamped ? ['field_stamps'] : [])]
  const values = rows.map((row) => {
    const value: Record<string, unknown> = { org_id: orgId }
    for (const field of columnsOf[kind]) value[columnOf(field)] = (row as unknown as Record<string, unknown>)[field]
    if (stamped) value.field_stamps = row[FIELD_STAMPS] ?? {}
    return value
  })
  const updates = columns.filter((column) => !keys.includes(column)).map((column) => `${column} = excluded.${column}`)
  write(
    sql.unsafe(
      `insert into ${table} (org_id, ${columns.join(', ')})
       select org_id, ${columns.join(', ')} from json_populate_recordset(null::${table}, $1::text::json)
       on conflict (org_id, ${keys.join(', ')}) do update set ${updates.join(', ')}`,
      [JSON.stringify(values)],
      { prepare: true },
    ),
  )
}
