// A disk as slow as that of the machine for which the goals were made: a durable commit took 4.6 ms there, and takes
// 0.3 ms on a fast disk. PostgreSQL itself waits before it writes its log.
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import type { BenchStage } from './stage.ts'

const DELAY_MS = 4.3
/** The time until every process of PostgreSQL has reloaded its settings. */
const RELOAD_MS = 500

export const WITH_SLOW_DISK = `with ${DELAY_MS} ms more per commit (commit_delay)`

export async function onSlowDisk<T>({ ownerUrl }: BenchStage, measure: () => Promise<T>): Promise<T> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  const set = async (delayMs: number) => {
    await sql.unsafe(`alter system set commit_delay = ${delayMs * 1000}`)
    await sql.unsafe(`alter system set commit_siblings = ${delayMs > 0 ? 0 : 5}`) // 0: also without concurrent transactions
    await sql`select pg_reload_conf()`
    await sleep(RELOAD_MS)
  }
  await set(DELAY_MS)
  try {
    return await measure()
  } finally {
    await set(0)
    await sql.end()
  }
}
