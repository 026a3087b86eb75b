// The limit for everything that must be durable: one row, one commit, one client.
import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { percentile } from './figures.ts'

const COMMITS = 300
/** Pauses between commits, as between pushes. Without them every process would be awake already. */
const PAUSE_MAX_MS = 5

/** Milliseconds of one durable commit: median and 99th percentile. */
export async function measureCommit(ownerUrl: string): Promise<{ p50: number; p99: number }> {
  const sql = postgres(ownerUrl, { max: 1, onnotice: () => undefined })
  await sql`create table limit_commits (id uuid primary key, at timestamptz not null default now())`
  const times: number[] = []
  for (let i = 0; i < COMMITS; i++) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * PAUSE_MAX_MS))
    const start = performance.now()
    await sql`insert into limit_commits (id) values (${randomUUID()})`
    times.push(performance.now() - start)
  }
  await sql`drop table limit_commits`
  await sql.end()
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}
