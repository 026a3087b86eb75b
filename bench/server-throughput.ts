// Mutations per second of one organisation, whose devices each scan in a bin of 25 items, next to the same rows written
// by one client without a server.
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import type { Figure } from './support/figures.ts'
import { perSecond } from './support/figures.ts'
import { dropLedgerTables, ledgerRows, makeLedgerTables, writeLedgerRows } from './support/ledger-rows.ts'
import { BenchDevice, createItemsAndBins } from './support/mutations.ts'
import type { BenchStage } from './support/stage.ts'

const DEVICES = 32
const BATCH = 100
const ROUNDS = 12
const LIMIT_ROWS = 100_000
const LIMIT_MUTATIONS = 50_000
const LIMIT_SET = 500
const GOAL = 0.4

export async function measureThroughput(stage: BenchStage): Promise<Figure> {
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: 25, bins: DEVICES })
  const devices = Array.from({ length: DEVICES }, () => new BenchDevice(stage))
  const batchOf = (device: BenchDevice) =>
    Array.from({ length: BATCH }, () =>
      device.mutation('stock.receive', {
        itemId: itemIds[Math.floor(Math.random() * itemIds.length)],
        locationId: binIds[devices.indexOf(device)],
        quantity: 1,
      }),
    )
  await Promise.all(devices.map((device) => device.push(batchOf(device)))) // warm
  const prepared = devices.map((device) => ({ device, batches: Array.from({ length: ROUNDS }, () => batchOf(device)) }))
  const start = performance.now()
  await Promise.all(
    prepared.map(async ({ device, batches }) => {
      for (const batch of batches) await device.push(batch)
    }),
  )
  const measured = (DEVICES * BATCH * ROUNDS) / ((performance.now() - start) / 1000)
  const limit = await limitMutations(stage)
  const narrow = await limitRows(stage)
  return {
    what: `mutations on the server, one organisation, ${DEVICES} devices × batches of ${BATCH}`,
    measured: perSecond(measured),
    limit: `${perSecond(limit)}: the same rows by one client in sets of ${LIMIT_SET}; in a narrow table ${perSecond(narrow)}`,
    goal: `≥ ${GOAL} ×`,
    met: measured >= GOAL * limit,
  }
}

/** Mutations per second whose rows one client can write. */
async function limitMutations({ ownerUrl }: BenchStage): Promise<number> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  await makeLedgerTables(sql)
  const rows = ledgerRows(LIMIT_MUTATIONS)
  const start = performance.now()
  for (let i = 0; i < rows.length; i += LIMIT_SET) await writeLedgerRows(sql, rows.slice(i, i + LIMIT_SET))
  const rate = LIMIT_MUTATIONS / ((performance.now() - start) / 1000)
  await dropLedgerTables(sql)
  await sql.end()
  return rate
}

/** Rows of a narrow table with a key and an index, as in figures of other systems. */
async function limitRows({ ownerUrl }: BenchStage): Promise<number> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  await sql`create table limit_rows (org_id uuid, no bigint, item_id uuid, location_id uuid, amount bigint, at text collate "C", primary key (org_id, no))`
  await sql`create index on limit_rows (org_id, item_id, location_id, at)`
  const [org, item, location] = [randomUUID(), randomUUID(), randomUUID()]
  const rows = Array.from({ length: LIMIT_ROWS }, (_, no) => ({
    org_id: org,
    no,
    item_id: item,
    location_id: location,
    amount: 1000,
    at: String(no).padStart(26, '0'),
  }))
  const start = performance.now()
  for (let i = 0; i < rows.length; i += LIMIT_SET)
    await sql`insert into limit_rows ${sql(rows.slice(i, i + LIMIT_SET))}`
  const rate = LIMIT_ROWS / ((performance.now() - start) / 1000)
  await sql`drop table limit_rows`
  await sql.end()
  return rate
}
