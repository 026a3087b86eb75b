// The queries for the gauges of the whole installation: sums over all organisations, by functions of the owner
// (sql/0003_measures.sql), and the job queue.
import type { Database } from '../database/database.ts'

/** Queues of pg-boss itself. */
const INTERNAL_QUEUES = String.raw`\_\_pgboss\_\_%`

export async function measureItems(database: Database): Promise<{ items: number; belowLevel: number }> {
  const [row] = await database.anonymous<{ items: number; belowLevel: number }[]>`
    select items, below_level as "belowLevel" from measure_items()`
  return row!
}

export async function measureAlerts(database: Database): Promise<{ kind: string; alerts: number }[]> {
  return database.anonymous<{ kind: string; alerts: number }[]>`select kind, alerts from measure_alerts()`
}

export async function measureDevices(
  database: Database,
  withinS: readonly number[],
): Promise<{ within: number; devices: number }[]> {
  return database.anonymous<{ within: number; devices: number }[]>`
    select within, devices from measure_devices(${[...withinS]}::int8[])`
}

export interface LedgerChecks {
  /** The time of the oldest among the latest checks of all organisations. Null if there is no organisation. */
  oldestMs: number | null
  findings: number
}

export async function measureLedgerChecks(database: Database): Promise<LedgerChecks> {
  const [row] = await database.anonymous<LedgerChecks[]>`
    select oldest_ms as "oldestMs", findings from measure_ledger_checks()`
  return row!
}

export interface QueueState {
  queue: string
  state: string
  jobs: number
  /** How long the oldest due job has been waiting. */
  oldestS: number
}

export async function measureQueues(database: Database): Promise<QueueState[]> {
  return database.anonymous<QueueState[]>`
    select q.name as queue, s.state, count(j.id) as jobs,
      coalesce(max(extract(epoch from now() - greatest(j.created_on, j.start_after)))
        filter (where j.state in ('created', 'retry') and j.start_after <= now()), 0)::float8 as "oldestS"
    from jobs.queue q
    cross join unnest(enum_range(null::jobs.job_state)) as s (state)
    left join jobs.job j on j.name = q.name and j.state = s.state
    where q.name not like ${INTERNAL_QUEUES}
    group by q.name, s.state`
}

/** The position in the primary's log, in bytes. */
export async function writtenPosition(primary: Database): Promise<number> {
  const [row] = await primary.anonymous<{ bytes: number }[]>`
    select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as bytes`
  return row!.bytes
}

export interface Replayed {
  /** Null on a server that is not a replica. */
  bytes: number | null
  /** Seconds since the last replayed transaction. Null if none was replayed yet. */
  sinceS: number | null
}

export async function replayedPosition(replica: Database): Promise<Replayed> {
  const [row] = await replica.anonymous<Replayed[]>`
    select pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::float8 as bytes,
      extract(epoch from now() - pg_last_xact_replay_timestamp())::float8 as "sinceS"`
  return row!
}
