// The rows that a mutation leaves, written by one client without any rule: a line of the ledger, and the stored answer
// in case the mutation is sent again. In tables like ours, with the same indexes.
import { randomBytes, randomUUID } from 'node:crypto'
import type postgres from 'postgres'
import { uuidv7 } from '#shared/values/id.ts'
import { formatStamp } from '#shared/values/stamp.ts'

const POSITIONS = 25

export type LedgerRow = ReturnType<typeof ledgerRows>[number]

export async function makeLedgerTables(sql: postgres.Sql): Promise<void> {
  await sql`create table limit_logs (like inventory_logs including all)`
  await sql`create table limit_mutations (like mutations including all)`
}

export async function dropLedgerTables(sql: postgres.Sql): Promise<void> {
  await sql`drop table limit_logs, limit_mutations`
}

/** The rows of this many receipts by one device. */
export function ledgerRows(count: number) {
  const [org_id, user_id, client_id] = [randomUUID(), randomUUID(), randomUUID()]
  const positions = Array.from({ length: POSITIONS }, () => ({ item_id: randomUUID(), location_id: randomUUID() }))
  const known = { org_id, user_id, client_id }
  const nothing = { made_at: null, reason: null, reference: null, unit_cost: null, voids: null }
  const hash = randomBytes(32).toString('hex')
  return Array.from({ length: count }, (_, no) => {
    const id = uuidv7(Date.now(), randomBytes(10))
    const at = formatStamp({ ms: Date.now(), counter: no % 0xffff, device: client_id.slice(0, 8) })
    const line = {
      ...known,
      ...positions[no % positions.length],
      ...nothing,
      no,
      version: 1,
      mutation_id: id,
      at,
      hash,
    }
    return {
      log: { ...line, kind: 'receive', lot: '', amount: 1000, recorded_at_ms: Date.now() },
      mutation: { ...known, id, seq: no, name: 'stock.receive', code: null, detail: null, log_no: no, log_lines: 1 },
    }
  })
}

export async function writeLedgerRows(sql: postgres.Sql | postgres.TransactionSql, rows: LedgerRow[]): Promise<void> {
  const logs = rows.map(({ log }) => ({ ...log, hash: Buffer.from(log.hash, 'hex') }))
  await sql`insert into limit_logs ${sql(logs)}`
  await sql`insert into limit_mutations ${sql(rows.map(({ mutation }) => mutation))}`
}
