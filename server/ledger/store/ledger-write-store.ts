// The writes of the ledger: lines of the logs while a group is still being decided, everything else with its commit.
import type { Kind, Row } from '#shared/rows/rows.ts'
import { columnsOf, FIELD_STAMPS, KINDS } from '#shared/rows/rows.ts'
import type { ColumnType } from '../../database/postgres-js-workarounds/column-arrays.ts'
import { arrayText, sharedText } from '../../database/postgres-js-workarounds/column-arrays.ts'
import type { Tx } from '../../database/database.ts'
import { columnOf, columnTypeOf, keyColumnsOf, STAMPED_KINDS, tableOf } from '../../database/schema/tables.ts'
import type { Head } from './head-store.ts'
import type { DeviceRow } from './senders-store.ts'
import type { AuditLine, HashedLogLine } from '../commit/log-lines.ts'

/** One decided mutation: its answer, and the lines of the ledger that it posted. */
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
  /** `counted_since` is not hashed, because it only affects whether a review opens, never a quantity. */
  logLines: (HashedLogLine & { counted_since: string | null; hash: string })[]
  auditLines: (AuditLine & { hash: string })[]
  mutations: MutationLine[]
}

interface Column {
  field: string
  type: ColumnType
  name: string
  /** Most pushes have the same value in all lines. Then it is sent once. */
  isMostlyShared: boolean
}

const own = (name: string, type: ColumnType): Column => ({ field: name, type, name, isMostlyShared: false })
const shared = (name: string, type: ColumnType): Column => ({ field: name, type, name, isMostlyShared: true })

const LOG: readonly Column[] = [
  own('no', 'int8'),
  own('mutation_id', 'uuid'),
  shared('kind', 'text'),
  own('item_id', 'uuid'),
  own('location_id', 'uuid'),
  shared('lot', 'text'),
  own('amount', 'int8'),
  own('at', 'text'),
  shared('made_at', 'text'),
  shared('user_id', 'uuid'),
  shared('client_id', 'uuid'),
  shared('reason', 'text'),
  shared('reference', 'text'),
  shared('unit_cost', 'numeric'),
  shared('voids', 'uuid'),
  shared('recorded_at_ms', 'int8'),
  own('counted_since', 'text'),
  own('hash', 'bytea'),
]
const AUDIT: readonly Column[] = [
  own('no', 'int8'),
  own('mutation_id', 'uuid'),
  shared('action', 'text'),
  shared('kind', 'text'),
  own('key', 'text'),
  shared('before', 'jsonb'),
  own('after', 'jsonb'),
  own('at', 'text'),
  shared('user_id', 'uuid'),
  shared('client_id', 'uuid'),
  shared('recorded_at_ms', 'int8'),
  own('hash', 'bytea'),
]
const MUTATIONS: readonly Column[] = [
  own('id', 'uuid'),
  shared('client_id', 'uuid'),
  own('seq', 'int8'),
  shared('name', 'text'),
  shared('user_id', 'uuid'),
  shared('code', 'text'),
  shared('detail', 'jsonb'),
  own('log_no', 'int8'),
  shared('log_lines', 'int8'),
]

/** Sends lines of a group. PostgreSQL writes them while the next ones are decided. */
export function writeLines(tx: Tx, orgId: string, batch: { version: number; lines: Lines }): void {
  const writes = new Writes()
  addLines(writes, orgId, batch)
  writes.send(tx)
}

const DEVICES: readonly Column[] = [
  { ...own('client_id', 'uuid'), field: 'clientId' },
  { ...own('user_id', 'uuid'), field: 'userId' },
  { ...own('last_seq', 'int8'), field: 'lastSeq' },
  { ...own('last_at', 'text'), field: 'lastAt' },
]

export interface CommitRecord {
  head: Head
  /** The lines that have not been sent yet. */
  lines: Lines
  rows: Map<Kind, Row<Kind>[]>
  /** Mutations that took effect after their own line was made, in an earlier group or in this one. */
  lateEffects: Pick<MutationLine, 'id' | 'log_no' | 'log_lines'>[]
  devices: readonly DeviceRow[]
  commit: { atMs: number; head: string }
}

/** Sends the remaining changes of a group and the new head. They travel with the commit. */
export function writeCommit(tx: Tx, orgId: string, record: CommitRecord): void {
  const { head, lines, rows, lateEffects, devices, commit } = record
  const writes = new Writes()
  addLines(writes, orgId, { version: head.version, lines })
  for (const [kind, changed] of rows) addRows(writes, orgId, { kind, rows: changed })
  if (lateEffects.length > 0) addLateEffects(writes, orgId, lateEffects)
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
    [orgId, head.version, head.epoch, head.logNo, head.logHash, head.auditNo, head.auditHash, head.blocked],
  )
  writes.send(tx)
}

/** Several writes to different tables as one statement, because a statement costs as much as a few rows. */
class Writes {
  readonly #parts: string[] = []
  readonly #values: (string | number | null)[] = []

  /** `text` gets the names of the parameters for `values`. */
  add(text: (names: string[]) => string, values: readonly (string | number | null)[]): void {
    const from = this.#values.length
    this.#values.push(...values)
    this.#parts.push(text(values.map((_value, index) => `$${from + index + 1}`)))
  }

  /** Sends the last part as the statement, and the parts before it as its common table expressions. */
  send({ sql, write }: Tx): void {
    const last = this.#parts.pop()
    if (last === undefined) return
    const before = this.#parts.map((part, index) => `write_${index} as (${part})`)
    const text = before.length > 0 ? `with ${before.join(', ')} ${last}` : last
    write(sql.unsafe(text, this.#values, { prepare: true }))
  }
}

function addLines(writes: Writes, orgId: string, { version, lines }: { version: number; lines: Lines }): void {
  const given = { org_id: orgId, version }
  addInsert(writes, { table: 'inventory_logs', columns: LOG, rows: lines.logLines, given })
  addInsert(writes, { table: 'audit_log', columns: AUDIT, rows: lines.auditLines, given })
  addInsert(writes, { table: 'mutations', columns: MUTATIONS, rows: lines.mutations, given: { org_id: orgId } })
}

function addLateEffects(writes: Writes, orgId: string, lateEffects: CommitRecord['lateEffects']): void {
  writes.add(
    ([org, lines]) =>
      `update mutations m set log_no = t.log_no, log_lines = t.log_lines
       from json_populate_recordset(null::mutations, ${lines}::text::json) t where m.org_id = ${org}::uuid and m.id = t.id`,
    [orgId, JSON.stringify(lateEffects)],
  )
}

function addDevices(writes: Writes, orgId: string, devices: readonly DeviceRow[]): void {
  addInsert(writes, {
    table: 'devices',
    columns: DEVICES,
    rows: devices,
    given: { org_id: orgId },
    onConflict: `on conflict (org_id, client_id)
      do update set last_seq = excluded.last_seq, last_at = excluded.last_at, seen_at = now()`,
  })
}

/** Inserts or replaces rows of one kind. */
function addRows(writes: Writes, orgId: string, { kind, rows }: { kind: Kind; rows: Row<Kind>[] }): void {
  const { columns, onConflict } = ROWS[kind]
  addInsert(writes, {
    table: tableOf(kind),
    columns,
    rows: STAMPED_KINDS.includes(kind) ? rows.map((row) => ({ ...row, fieldStamps: row[FIELD_STAMPS] ?? {} })) : rows,
    given: { org_id: orgId },
    onConflict,
  })
}

const ROWS = Object.fromEntries(KINDS.map((kind) => [kind, rowsOf(kind)])) as Record<Kind, ReturnType<typeof rowsOf>>

function rowsOf(kind: Kind) {
  const keys = keyColumnsOf(kind)
  const columns: Column[] = columnsOf[kind].map((field) => {
    const name = columnOf(field)
    return { field, type: columnTypeOf(kind, field), name, isMostlyShared: false }
  })
  if (STAMPED_KINDS.includes(kind)) columns.push({ ...own('field_stamps', 'jsonb'), field: 'fieldStamps' })
  const replaced = columns.filter(({ name }) => !keys.includes(name)).map(({ name }) => `${name} = excluded.${name}`)
  return { columns, onConflict: `on conflict (org_id, ${keys.join(', ')}) do update set ${replaced.join(', ')}` }
}

interface Insert {
  table: string
  columns: readonly Column[]
  rows: readonly object[]
  /** The same for all rows. */
  given: { org_id: string; version?: number }
  onConflict?: string
}

/**
 * Inserts rows that are sent as one array per column. A value that all rows share is sent once, with an empty array:
 * `unnest` fills up shorter arrays with nulls.
 */
function addInsert(writes: Writes, { table, columns, rows, given, onConflict = '' }: Insert): void {
  if (rows.length === 0) return
  const values: (string | number | null)[] = Object.values(given)
  for (const { field, type, isMostlyShared } of columns) {
    const value = isMostlyShared ? sharedText(rows, field, type) : undefined
    values.push(value === undefined ? arrayText(rows, field, type) : '{}')
    if (isMostlyShared) values.push(value ?? null)
  }
  writes.add((parameters) => {
    const names = [...parameters]
    const next = () => names.shift()!
    const selected = [`${next()}::uuid`, ...('version' in given ? [`${next()}::int8`] : [])]
    const sources = columns.map(({ type, name, isMostlyShared }) => {
      const source = `unnest(${next()}::text::${type}[]) as "${name}"`
      selected.push(isMostlyShared ? `coalesce(lines."${name}", ${next()}::text::${type})` : `lines."${name}"`)
      return source
    })
    const into = [...Object.keys(given), ...columns.map(({ name }) => `"${name}"`)]
    return `insert into ${table} (${into.join(', ')})
      select ${selected.join(', ')} from (select ${sources.join(', ')}) as lines ${onConflict}`
  }, values)
}
