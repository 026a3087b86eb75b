// What the ledger writes to PostgreSQL: lines of the logs while a group is still being decided, the rest with its commit.
import type { Kind, Row } from '#shared/rows/rows.ts'
import { columnsOf, FIELD_STAMPS } from '#shared/rows/rows.ts'
import type { ColumnType } from '../database/column-arrays.ts'
import { arrayText } from '../database/column-arrays.ts'
import type { Tx } from '../database/database.ts'
import { columnOf, columnTypeOf, keyColumnsOf, tableOf } from '../database/tables.ts'
import type { DeviceRow, Head } from './ledger-store.ts'
import { STAMPED } from './ledger-store.ts'
import type { AuditLine, LogLine } from './log-lines.ts'

/** One mutation that was decided: what it was answered, and which lines of the ledger it posted. */
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

export interface Lines {
  /** `counted_since` is not hashed: it decides whether somebody is asked, never a quantity. */
  logLines: (LogLine & { counted_since: string | null; hash: string })[]
  auditLines: (AuditLine & { hash: string })[]
  mutations: MutationLine[]
}

/** A field, how PostgreSQL reads it, and its column where that has another name. */
type Column = readonly [field: string, type: ColumnType, name?: string]

const LOG: readonly Column[] = [
  ['no', 'int8'],
  ['mutation_id', 'uuid'],
  ['kind', 'text'],
  ['item_id', 'uuid'],
  ['location_id', 'uuid'],
  ['lot', 'text'],
  ['amount', 'int8'],
  ['at', 'text'],
  ['made_at', 'text'],
  ['user_id', 'uuid'],
  ['client_id', 'uuid'],
  ['reason', 'text'],
  ['reference', 'text'],
  ['unit_cost', 'numeric'],
  ['voids', 'uuid'],
  ['recorded_at_ms', 'int8'],
  ['counted_since', 'text'],
  ['hash', 'bytea'],
]
const AUDIT: readonly Column[] = [
  ['no', 'int8'],
  ['mutation_id', 'uuid'],
  ['action', 'text'],
  ['kind', 'text'],
  ['key', 'text'],
  ['before', 'jsonb'],
  ['after', 'jsonb'],
  ['at', 'text'],
  ['user_id', 'uuid'],
  ['client_id', 'uuid'],
  ['recorded_at_ms', 'int8'],
  ['hash', 'bytea'],
]
const MUTATIONS: readonly Column[] = [
  ['id', 'uuid'],
  ['client_id', 'uuid'],
  ['seq', 'int8'],
  ['name', 'text'],
  ['user_id', 'uuid'],
  ['code', 'text'],
  ['detail', 'jsonb'],
  ['log_no', 'int8'],
  ['log_lines', 'int8'],
]

/** Sends lines of a group: PostgreSQL writes them while the next ones are decided. */
export function writeLines(tx: Tx, orgId: string, batch: { version: number; lines: Lines }): void {
  const writes = new Writes()
  addLines(writes, orgId, batch)
  writes.send(tx)
}

const DEVICES: readonly Column[] = [
  ['clientId', 'uuid', 'client_id'],
  ['userId', 'uuid', 'user_id'],
  ['lastSeq', 'int8', 'last_seq'],
  ['lastAt', 'text', 'last_at'],
]

export interface Closing {
  head: Head
  /** Lines that were not sent yet. */
  lines: Lines
  rows: Map<Kind, Row<Kind>[]>
  /** Mutations of earlier groups, or refused in this one, that took effect only now. */
  tookEffect: Pick<MutationLine, 'id' | 'log_no' | 'log_lines'>[]
  devices: DeviceRow[]
  commit: { atMs: number; head: string }
}

/** Sends the rest of what a group changed, and its place in the line of versions. It travels with the commit. */
export function writeClosing(tx: Tx, orgId: string, closing: Closing): void {
  const { head, lines, rows, tookEffect, devices, commit } = closing
  const writes = new Writes()
  addLines(writes, orgId, { version: head.version, lines })
  for (const [kind, changed] of rows) addRows(writes, orgId, { kind, rows: changed })
  if (tookEffect.length > 0) addTookEffect(writes, orgId, tookEffect)
  if (devices.length > 0) addDevices(writes, orgId, devices)
  writes.add(
    ([org, version, atMs, chain]) =>
      `insert into commits (org_id, version, at_ms, head) values (${org}::uuid, ${version}::int8, ${atMs}::int8, ${chain})`,
    [orgId, head.version, commit.atMs, commit.head],
  )
  writes.add(
    ([org, version, epoch, logNo, logHash, auditNo, auditHash, waiting]) =>
      `update org_heads set version = ${version}::int8, epoch = ${epoch}::int8, log_no = ${logNo}::int8,
         log_hash = decode(${logHash}, 'hex'), audit_no = ${auditNo}::int8, audit_hash = decode(${auditHash}, 'hex'),
         waiting = ${waiting}::int8
       where org_id = ${org}::uuid`,
    [orgId, head.version, head.epoch, head.logNo, head.logHash, head.auditNo, head.auditHash, head.waiting],
  )
  writes.send(tx)
}

/** Several writes to different tables as one statement: each statement costs as much as a few rows. */
class Writes {
  readonly #parts: string[] = []
  readonly #values: (string | number)[] = []

  /** `text` is given the names of the parameters that stand for `values`. */
  add(text: (names: string[]) => string, values: readonly (string | number)[]): void {
    const from = this.#values.length
    this.#values.push(...values)
    this.#parts.push(text(values.map((_value, index) => `$${from + index + 1}`)))
  }

  /** Sends the last part as the statement, and those before it as its common table expressions. */
  send({ sql, write }: Tx): void {
    const last = this.#parts.pop()
    if (last === undefined) return
    const before = this.#parts.map((part, index) => `write_${index} as (${part})`)
    const text = before.length > 0 ? `with ${before.join(', ')} ${last}` : last
    write(sql.unsafe(text, this.#values, { prepare: true }))
  }
}

function addLines(writes: Writes, orgId: string, { version, lines }: { version: number; lines: Lines }): void {
  const shared = { org_id: orgId, version }
  addInsert(writes, { table: 'inventory_logs', columns: LOG, rows: lines.logLines, shared })
  addInsert(writes, { table: 'audit_log', columns: AUDIT, rows: lines.auditLines, shared })
  addInsert(writes, { table: 'mutations', columns: MUTATIONS, rows: lines.mutations, shared: { org_id: orgId } })
}

function addTookEffect(writes: Writes, orgId: string, tookEffect: Closing['tookEffect']): void {
  writes.add(
    ([org, lines]) =>
      `update mutations m set log_no = t.log_no, log_lines = t.log_lines
       from json_populate_recordset(null::mutations, ${lines}::text::json) t where m.org_id = ${org}::uuid and m.id = t.id`,
    [orgId, JSON.stringify(tookEffect)],
  )
}

function addDevices(writes: Writes, orgId: string, devices: DeviceRow[]): void {
  addInsert(writes, {
    table: 'devices',
    columns: DEVICES,
    rows: devices,
    shared: { org_id: orgId },
    onConflict: `on conflict (org_id, client_id)
      do update set last_seq = excluded.last_seq, last_at = excluded.last_at, seen_at = now()`,
  })
}

/** Inserts or replaces rows of one kind. Members are not written here: accounts hold more of them. */
function addRows(writes: Writes, orgId: string, { kind, rows }: { kind: Kind; rows: Row<Kind>[] }): void {
  const keys = keyColumnsOf(kind)
  const columns = columnsOf[kind].map((field): Column => [field, columnTypeOf(kind, field), columnOf(field)])
  const stamped = STAMPED.includes(kind)
  if (stamped) columns.push(['fieldStamps', 'jsonb', 'field_stamps'])
  const replaced = columns
    .filter(([, , name]) => !keys.includes(name!))
    .map(([, , name]) => `${name} = excluded.${name}`)
  addInsert(writes, {
    table: tableOf(kind),
    columns,
    rows: stamped ? rows.map((row) => ({ ...row, fieldStamps: row[FIELD_STAMPS] ?? {} })) : rows,
    shared: { org_id: orgId },
    onConflict: `on conflict (org_id, ${keys.join(', ')}) do update set ${replaced.join(', ')}`,
  })
}

interface Insert {
  table: string
  columns: readonly Column[]
  rows: readonly object[]
  /** Values that all rows have. */
  shared: { org_id: string; version?: number }
  onConflict?: string
}

function addInsert(writes: Writes, { table, columns, rows, shared, onConflict = '' }: Insert): void {
  if (rows.length === 0) return
  const names = [...Object.keys(shared), ...columns.map(([field, , name = field]) => `"${name}"`)]
  const values = [...Object.values(shared), ...columns.map(([field, type]) => arrayText(rows, field, type))]
  const types = columns.map(([, type]) => type)
  writes.add(([org, ...parameters]) => {
    const version = 'version' in shared ? `${parameters.shift()}::int8, ` : ''
    const arrays = types.map((type, index) => `${parameters[index]}::text::${type}[]`)
    return `insert into ${table} (${names.join(', ')})
      select ${org}::uuid, ${version}lines.* from unnest(${arrays.join(', ')}) as lines ${onConflict}`
  }, values)
}
