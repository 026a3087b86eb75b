// Gauges of the whole installation instead of one process: stock, devices, jobs, replica, backups, certificate, disks. Only
// the worker measures them, when it is scraped and the last measurement is old enough. A value that cannot be measured is left
// out, because alerting rules notice absent values but not stale ones.
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
  /** Folders by the name of their volume. */
  volumes: Record<string, string>
  /** All kinds of alerts. They are reported even if there is no alert. */
  alertKinds: readonly string[]
  /** The newest backup that succeeded. */
  lastBackup?: (() => Promise<{ atMs: number; bytes: number } | undefined>) | undefined
  log: Logger
}

const MAX_AGE_MS = 15_000
const CERTIFICATE_MAX_AGE_MS = 3_600_000
/** A scrape times out after ten seconds by default. Slower measurements are reported by the next scrape. */
const REFRESH_TIMEOUT_MS = 5_000
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

  /** Resolves when all gauges are recent, or after a timeout. Never rejects. */
  async refresh(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, REFRESH_TIMEOUT_MS)))
    await Promise.race([Promise.all(this.#readings.map((reading) => reading.refresh())), timeout])
    clearTimeout(timer)
  }

  #stock({ database, alertKinds }: InstallationParts): void {
    const items = this.#gauge('stockhand_items', 'Items in use, of all organisations.')
    const below = this.#gauge(
      'stockhand_items_below_level',
      'Items in use that are below a level, of the item or at a location.',
    )
    const alerts = this.#gauge('stockhand_alerts_open', 'Open alerts that nobody has acknowledged, by kind.', ['kind'])
    this.#measure([items, below], async () => {
      const measured = await measureItems(database)
      items.set(measured.items)
      below.set(measured.belowLevel)
    })
    this.#measure([alerts], async () => {
      const measured = await measureAlerts(database)
      alerts.reset()
      for (const kind of alertKinds) alerts.set({ kind }, 0)
      for (const { kind, alerts: count } of measured) alerts.set({ kind }, count)
    })
  }

  #devices({ database }: InstallationParts): void {
    const seen = this.#gauge('stockhand_devices_seen', 'Devices that sent something within a period.', ['within'])
    this.#measure([seen], async () => {
      const measured = await measureDevices(database, Object.values(WITHIN_S))
      for (const [within, seconds] of Object.entries(WITHIN_S))
        seen.set({ within }, measured.find((one) => one.within === seconds)?.devices ?? 0)
    })
  }

  #queues({ database }: InstallationParts): void {
    const jobs = this.#gauge('stockhand_queue_jobs', 'Jobs by queue and state.', ['queue', 'state'])
    const oldest = this.#gauge(
      'stockhand_queue_oldest_job_age_seconds',
      'How long the oldest due job of a queue has been waiting; 0 if none is.',
      ['queue'],
    )
    this.#measure([jobs, oldest], async () => {
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
      'When the ledger was last checked, of the organisation with the oldest check; without a check, when it was created.',
    )
    const findings = this.#gauge(
      'stockhand_ledger_check_findings',
      'The number of findings of the latest checks, which should be 0.',
    )
    this.#measure([last, findings], async () => {
      const { oldestMs, findings: count } = await measureLedgerChecks(database)
      setOrRemove(last, oldestMs === null ? undefined : oldestMs / 1000)
      findings.set(count)
    })
  }

  #replicaLag({ database, replica }: InstallationParts): void {
    const seconds = this.#gauge('stockhand_replica_lag_seconds', 'How far the replica is behind, if there is one.')
    if (!replica) return
    const lag = new ReplicaLag({ primary: database, replica })
    this.#measure([seconds], async () => seconds.set(await lag.read()))
  }

  #backups({ lastBackup }: InstallationParts): void {
    const at = this.#gauge(
      'stockhand_backup_last_success_timestamp_seconds',
      'When the newest successful backup was made.',
    )
    const size = this.#gauge('stockhand_backup_size_bytes', 'The size of the newest successful backup.')
    if (!lastBackup) return
    this.#measure([at, size], async () => {
      const last = await lastBackup()
      setOrRemove(at, last && last.atMs / 1000)
      setOrRemove(size, last?.bytes)
    })
  }

  #certificate({ publicUrl }: InstallationParts): void {
    const expiry = this.#gauge(
      'stockhand_certificate_expiry_timestamp_seconds',
      'When the certificate at the public address expires, if that is https.',
    )
    if (!publicUrl.startsWith('https:')) return
    const read = async () => expiry.set((await certificateExpiry(publicUrl)) / 1000)
    this.#measure([expiry], read, CERTIFICATE_MAX_AGE_MS)
  }

  #disks({ volumes }: InstallationParts): void {
    const free = this.#gauge(
      'stockhand_disk_free_bytes',
      'Free space for this process on the file system of a volume.',
      ['volume'],
    )
    const size = this.#gauge('stockhand_disk_size_bytes', 'Size of the file system of a volume.', ['volume'])
    for (const [volume, path] of Object.entries(volumes)) {
      const reading = async () => {
        const { bavail, blocks, bsize } = await statfs(path)
        free.set({ volume }, bavail * bsize)
        size.set({ volume }, blocks * bsize)
      }
      // A folder that does not exist is not an error: an external database does not need one.
      this.#readings.push(new BoundedReading({ read: reading, forget: () => undefined, maxAgeMs: MAX_AGE_MS }))
    }
  }

  /** A gauge without a value until it is set. */
  #gauge(name: `stockhand_${string}`, help: string, labelNames: string[] = []): Gauge {
    const gauge = this.#metrics.gauge(name, { help, labelNames })
    setOrRemove(gauge, undefined)
    return gauge
  }

  #measure(gauges: readonly Gauge[], read: () => Promise<void>, maxAgeMs = MAX_AGE_MS): void {
    const forget = (error: unknown) => {
      this.#log.warn({ error: String(error) }, 'a gauge could not be measured')
      for (const gauge of gauges) setOrRemove(gauge, undefined)
    }
    this.#readings.push(new BoundedReading({ read, forget, maxAgeMs }))
  }
}

/** prom-client initialises gauges without labels to 0, and a time of 0 would mean a backup in 1970. */
function setOrRemove(gauge: Gauge, value: number | undefined): void {
  gauge.reset()
  if (value !== undefined) gauge.set(value)
  else gauge.remove({})
}
