// What is true of the whole installation and not of one process: stock, devices, jobs, replica, backups, certificate,
// disks. Read by the worker alone, when somebody scrapes and the last reading is old enough. A number that cannot be read
// is left out: rules notice what is absent, but not what is stale.
import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Gauge } from 'prom-client'
import type { Database } from '../database/database.ts'
import { BoundedReading } from './bounded-reading.ts'
import { certificateExpiry } from './certificate.ts'
import {
  measureAlerts,
  measureDevices,
  measureItems,
  measureLedgerChecks,
  measureQueues,
} from './installation-store.ts'
import type { Metrics } from './metrics.ts'
import { ReplicaLag } from './replica-lag.ts'

export interface InstallationParts {
  database: Database
  replica: Database | undefined
  /** The origin that browsers see. */
  publicUrl: string
  /** Folders by what they are called. */
  volumes: Record<string, string>
  /** Those that are reported also while there is none. */
  alertKinds: readonly string[]
  /** The newest backup that succeeded. */
  lastBackup?: (() => Promise<{ atMs: number; bytes: number } | undefined>) | undefined
  log: Logger
}

const KEPT_MS = 15_000
const CERTIFICATE_KEPT_MS = 3_600_000
/** A scrape gives up after ten seconds by default: what is not read by then is told the next time. */
const WAIT_MS = 5_000
const WITHIN_S: Record<string, number> = { '5m': 300, '1h': 3_600, '1d': 86_400, '7d': 604_800, '30d': 2_592_000 }

export class InstallationGauges {
  readonly #metrics: Metrics
  readonly #log: Logger
  readonly #readings: BoundedReading[] = []

  constructor(metrics: Metrics, parts: InstallationParts) {
    this.#metrics = metrics
    this.#log = parts.log
    this.#stock(parts)
    this.#devices(parts)
    this.#queues(parts)
    this.#ledgerChecks(parts)
    this.#replicaLag(parts)
    this.#backups(parts)
    this.#certificate(parts)
    this.#disks(parts)
  }

  /** Resolves when all that can be read soon is fresh. Never rejects. */
  async refresh(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, WAIT_MS)))
    await Promise.race([Promise.all(this.#readings.map((reading) => reading.refresh())), patience])
    clearTimeout(timer)
  }

  #stock({ database, alertKinds }: InstallationParts): void {
    const items = this.#gauge('stockhand_items', 'Items in use, of all organisations.')
    const below = this.#gauge(
      'stockhand_items_below_level',
      'Items in use that lie below a level, of the item or of a place.',
    )
    const alerts = this.#gauge('stockhand_alerts_open', 'Alerts that nobody has taken on yet, by kind.', ['kind'])
    this.#keep([items, below], async () => {
      const measured = await measureItems(database)
      items.set(measured.items)
      below.set(measured.belowLevel)
    })
    this.#keep([alerts], async () => {
      const measured = await measureAlerts(database)
      alerts.reset()
      for (const kind of alertKinds) alerts.set({ kind }, 0)
      for (const { kind, alerts: count } of measured) alerts.set({ kind }, count)
    })
  }

  #devices({ database }: InstallationParts): void {
    const seen = this.#gauge('stockhand_devices_seen', 'Devices that sent something within a time.', ['within'])
    this.#keep([seen], async () => {
      const measured = await measureDevices(database, Object.values(WITHIN_S))
      for (const [within, seconds] of Object.entries(WITHIN_S))
        seen.set({ within }, measured.find((one) => one.within === seconds)?.devices ?? 0)
    })
  }

  #queues({ database }: InstallationParts): void {
    const jobs = this.#gauge('stockhand_queue_jobs', 'Jobs by queue and state.', ['queue', 'state'])
    const oldest = this.#gauge(
      'stockhand_queue_oldest_job_age_seconds',
      'How long the oldest job of a queue waits that should have begun; 0 where none does.',
      ['queue'],
    )
    this.#keep([jobs, oldest], async () => {
      const states = await measureQueues(database)
      for (const { queue, state, jobs: count } of states) jobs.set({ queue, state }, count)
      for (const queue of new Set(states.map((one) => one.queue))) {
        const waits = states.filter((one) => one.queue === queue).map(({ oldestS }) => oldestS)
        oldest.set({ queue }, Math.max(...waits))
      }
    })
  }

  #ledgerChecks({ database }: InstallationParts): void {
    const last = this.#gauge(
      'stockhand_ledger_check_last_success_timestamp_seconds',
      'When the ledger was last checked: of the organisation whose check, or else whose making, is longest ago.',
    )
    const findings = this.#gauge(
      'stockhand_ledger_check_findings',
      'What the latest checks found that does not fit: never any.',
    )
    this.#keep([last, findings], async () => {
      const { oldestMs, findings: count } = await measureLedgerChecks(database)
      setOrForget(last, oldestMs === null ? undefined : oldestMs / 1000)
      findings.set(count)
    })
  }

  #replicaLag({ database, replica }: InstallationParts): void {
    const seconds = this.#gauge('stockhand_replica_lag_seconds', 'How far the replica is behind, where there is one.')
    if (!replica) return
    const lag = new ReplicaLag({ primary: database, replica })
    this.#keep([seconds], async () => seconds.set(await lag.read()))
  }

  #backups({ lastBackup }: InstallationParts): void {
    const at = this.#gauge(
      'stockhand_backup_last_success_timestamp_seconds',
      'When the newest backup was made that succeeded.',
    )
    const size = this.#gauge('stockhand_backup_size_bytes', 'How large the newest backup is that succeeded.')
    if (!lastBackup) return
    this.#keep([at, size], async () => {
      const last = await lastBackup()
      setOrForget(at, last && last.atMs / 1000)
      setOrForget(size, last?.bytes)
    })
  }

  #certificate({ publicUrl }: InstallationParts): void {
    const expiry = this.#gauge(
      'stockhand_certificate_expiry_timestamp_seconds',
      'When the certificate ends that is served at the public address, where that is https.',
    )
    if (!publicUrl.startsWith('https:')) return
    const read = async () => expiry.set((await certificateExpiry(publicUrl)) / 1000)
    this.#keep([expiry], read, CERTIFICATE_KEPT_MS)
  }

  #disks({ volumes }: InstallationParts): void {
    const free = this.#gauge('stockhand_disk_free_bytes', 'What is free for this process where a folder lies.', [
      'volume',
    ])
    const size = this.#gauge('stockhand_disk_size_bytes', 'How large the file system is where a folder lies.', [
      'volume',
    ])
    for (const [volume, path] of Object.entries(volumes)) {
      const reading = async () => {
        const { bavail, blocks, bsize } = await statfs(path)
        free.set({ volume }, bavail * bsize)
        size.set({ volume }, blocks * bsize)
      }
      // A folder that does not exist (yet) is no fault: a database elsewhere needs none.
      this.#readings.push(new BoundedReading({ read: reading, forget: () => undefined, keptMs: KEPT_MS }))
    }
  }

  /** A gauge that says nothing until it is set. */
  #gauge(name: `stockhand_${string}`, help: string, labelNames: string[] = []): Gauge {
    const gauge = this.#metrics.gauge(name, { help, labelNames })
    setOrForget(gauge, undefined)
    return gauge
  }

  #keep(gauges: readonly Gauge[], read: () => Promise<void>, keptMs = KEPT_MS): void {
    const forget = (error: unknown) => {
      this.#log.warn({ error: String(error) }, 'a gauge could not be read')
      for (const gauge of gauges) setOrForget(gauge, undefined)
    }
    this.#readings.push(new BoundedReading({ read, forget, keptMs }))
  }
}

/** prom-client sets gauges without labels to 0 from the start: a time of 0 would be a backup of 1970. */
function setOrForget(gauge: Gauge, value: number | undefined): void {
  gauge.reset()
  if (value !== undefined) gauge.set(value)
  else gauge.remove({})
}
