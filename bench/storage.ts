// The cost of a movement on the disk: bytes in its tables and indexes, and bytes in PostgreSQL's own log, which
// replicas and archives receive. Next to it the bytes received by HTTP.
import postgres from 'postgres'
import type { Figure } from './support/figures.ts'
import { BenchDevice, createItemsAndBins } from './support/mutations.ts'
import type { BenchStage } from './support/stage.ts'

const BINS = 32
const ITEMS = 100
const BATCHES = 100
/** A device that returns with many mutations, and one that sends each scan at once. */
const SIZES = [100, 1]
const SENT_ONE_BY_ONE = 2_000

export async function measureStorage(stage: BenchStage): Promise<Figure[]> {
  const sql = postgres(stage.ownerUrl, { max: 1, onnotice: () => undefined })
  const read = async () => {
    const [row] = await sql<{ log: number; stored: number }[]>`
      select (pg_current_wal_lsn() - '0/0')::float8 as log, pg_database_size(current_database())::float8 as stored`
    return row!
  }
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: ITEMS, bins: BINS })
  const figures: Figure[] = []
  for (const size of SIZES) {
    const count = size === 1 ? SENT_ONE_BY_ONE : BATCHES * size
    const device = new BenchDevice(stage)
    await sql`checkpoint`
    const before = await read()
    let sent = 0
    for (let i = 0; i < count; i += size) {
      const batch = Array.from({ length: size }, (_, k) =>
        device.mutation('stock.receive', {
          itemId: itemIds[(i + k) % ITEMS],
          locationId: binIds[Math.floor((i + k) / ITEMS) % BINS],
          quantity: 1,
        }),
      )
      sent += Buffer.byteLength(JSON.stringify(batch))
      await device.push(batch)
    }
    await sql`checkpoint`
    const after = await read()
    const per = (bytes: number) => `${Math.round(bytes / count)} B`
    figures.push({
      what: `one movement, ${size} per push: stored in tables and indexes / written to PostgreSQL's log`,
      measured: `${per(after.stored - before.stored)} / ${per(after.log - before.log)}`,
      limit: `${per(sent)} (as JSON in the request)`,
      goal: 'for information',
      met: true,
    })
  }
  await sql.end()
  return figures
}
