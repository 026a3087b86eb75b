// A thousand edits made offline, sent and acknowledged, next to the rows that they leave, written over HTTP into
// PostgreSQL without rules.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import postgres from 'postgres'
import type { Figure } from './support/figures.ts'
import { percentile, perSecond } from './support/figures.ts'
import { dropLedgerTables, ledgerRows, makeLedgerTables, writeLedgerRows } from './support/ledger-rows.ts'
import { BenchDevice, createItemsAndBins } from './support/mutations.ts'
import { postJson } from './support/post-json.ts'
import type { BenchStage } from './support/stage.ts'

const EDITS = 1_000
const PUSH = 500
const RUNS = 5
const GOAL = 0.6

export async function measureOfflineEdits(stage: BenchStage): Promise<Figure> {
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: 50, bins: 4 })
  const rates: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const device = new BenchDevice(stage)
    const edits = Array.from({ length: EDITS }, (_, i) =>
      device.mutation('stock.withdraw', {
        itemId: itemIds[i % itemIds.length],
        locationId: binIds[i % binIds.length],
        quantity: 1,
      }),
    )
    const start = performance.now()
    for (let i = 0; i < EDITS; i += PUSH) await device.push(edits.slice(i, i + PUSH))
    rates.push(EDITS / ((performance.now() - start) / 1000))
  }
  const measured = percentile(rates, 0.5)
  const limit = await limitRate(stage)
  const narrow = await narrowRate(stage)
  return {
    what: '1,000 offline edits sent and acknowledged',
    measured: perSecond(measured),
    limit: `${perSecond(limit)}: HTTP and the same rows in PostgreSQL, no rules; one narrow row per edit ${perSecond(narrow)}`,
    goal: `≥ ${GOAL} ×`,
    met: measured >= GOAL * limit,
  }
}

/** The rows that the edits leave, received by a bare HTTP server and written without rules. */
async function limitRate({ ownerUrl }: BenchStage): Promise<number> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  await makeLedgerTables(sql)
  const rate = await rateOf(
    () => ledgerRows(EDITS),
    (rows) => sql.begin((tx) => writeLedgerRows(tx, rows)),
  )
  await dropLedgerTables(sql)
  await sql.end()
  return rate
}

/** One narrow row per edit, with its id and arguments. */
async function narrowRate({ ownerUrl }: BenchStage): Promise<number> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  await sql`create table limit_edits (id uuid primary key, args jsonb)`
  const edits = () =>
    Array.from({ length: EDITS }, () => ({
      id: randomUUID(),
      args: { itemId: randomUUID(), locationId: randomUUID(), quantity: 1 },
    }))
  const rate = await rateOf(edits, async (rows) => {
    await sql`insert into limit_edits ${sql(rows.map(({ id, args }) => ({ id, args: sql.json(args) })))}`
  })
  await sql`drop table limit_edits`
  await sql.end()
  return rate
}

/** The number of edits per second of a bare HTTP server that only writes them. */
async function rateOf<Edit>(edits: () => Edit[], write: (edits: Edit[]) => Promise<unknown>): Promise<number> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const received = JSON.parse(Buffer.concat(parts).toString()) as Edit[]
      void write(received).then(() => response.end('{}'))
    })
  }).listen(0)
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const rates: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const all = edits()
    const start = performance.now()
    for (let i = 0; i < EDITS; i += PUSH) await postJson(`http://localhost:${port}`, all.slice(i, i + PUSH))
    rates.push(EDITS / ((performance.now() - start) / 1000))
  }
  server.close()
  return percentile(rates, 0.5)
}
