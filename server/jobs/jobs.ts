// Jobs: what the server does by the clock, once for all its replicas. Kept in the same PostgreSQL by pg-boss, so a
// replica that ends in the middle leaves its job to another.
import type { Logger } from 'pino'
import { PgBoss } from 'pg-boss'
import { grantSchema } from '../database/grant-schema.ts'

const SCHEMA = 'jobs'
/** A job that takes longer has died with its replica, and is done again. */
const EXPIRE_S = 3_600
const RETRIES = 3

export interface Task {
  name: string
  /** When, in UTC (minute hour day month weekday). */
  cron: string
  run(): Promise<void>
}

export class Jobs {
  readonly #boss: PgBoss
  readonly #log: Logger
  readonly #tasks: readonly Task[]

  constructor({ url, log, tasks }: { url: string; log: Logger; tasks: readonly Task[] }) {
    this.#boss = new PgBoss({ connectionString: url, schema: SCHEMA, migrate: false, createSchema: false, max: 2 })
    this.#boss.on('error', (error) => log.warn({ error: error.message }, 'the queue of jobs has a problem'))
    this.#log = log
    this.#tasks = tasks
  }

  /** Makes the tables that jobs are kept in, as their owner; the application may use them and owns none. */
  static async prepare(ownerUrl: string): Promise<void> {
    const boss = new PgBoss({ connectionString: ownerUrl, schema: SCHEMA, supervise: false, schedule: false, max: 1 })
    boss.on('error', () => undefined) // start() rejects with it
    await boss.start()
    await boss.stop({ graceful: false })
    await grantSchema(ownerUrl, SCHEMA)
  }

  async start(): Promise<void> {
    await this.#boss.start()
    for (const { name, cron, run } of this.#tasks) {
      await this.#boss.createQueue(name, { policy: 'singleton', expireInSeconds: EXPIRE_S, retryLimit: RETRIES })
      await this.#boss.schedule(name, cron)
      await this.#boss.work(name, () => this.#do(name, run))
    }
  }

  async #do(job: string, run: Task['run']): Promise<void> {
    const begun = performance.now()
    this.#log.info({ job }, 'job begins')
    try {
      await run()
      this.#log.info({ job, durationMs: Math.round(performance.now() - begun) }, 'job done')
    } catch (error) {
      this.#log.error({ job, error: String(error), stack: (error as Error).stack }, 'job failed, and is tried again')
      throw error
    }
  }

  /** Runs a task as soon as a worker is free. */
  async now(name: string): Promise<void> {
    await this.#boss.send(name)
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: 5_000 })
  }
}
