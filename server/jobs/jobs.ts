// Jobs: work that runs on a schedule, once for all servers. pg-boss stores them in the same PostgreSQL, so if a server ends
// during a job, another one takes it over.
import type { Logger } from 'pino'
import { PgBoss } from 'pg-boss'
import { grantSchema } from '../database/schema/grant-schema.ts'

const SCHEMA = 'jobs'
/** Database connections of a process for the queue, in addition to its pool. */
export const JOBS_POOL_MAX = 2
/** A job that takes longer died with its server, and is run again. */
const EXPIRE_S = 3_600
const RETRIES = 3

export interface JobTask {
  name: string
  /** The schedule in UTC (minute hour day month weekday). Undefined: it only runs on request. */
  cron: string | undefined
  run(): Promise<void>
}

export class Jobs {
  readonly #boss: PgBoss
  readonly #log: Logger
  readonly #tasks: readonly JobTask[]
  #started: Promise<unknown> | undefined

  /** A process without tasks can still request one. */
  constructor({ url, log, tasks }: { url: string; log: Logger; tasks: readonly JobTask[] }) {
    const hasTasks = tasks.length > 0
    this.#boss = new PgBoss({
      connectionString: url,
      schema: SCHEMA,
      migrate: false,
      createSchema: false,
      supervise: hasTasks,
      schedule: hasTasks,
      max: JOBS_POOL_MAX,
    })
    this.#boss.on('error', (error) => log.warn({ error: error.message }, 'the job queue reported an error'))
    this.#log = log
    this.#tasks = tasks
  }

  /** Creates the tables of the queue as their owner, and lets the application use them. */
  static async prepare(ownerUrl: string): Promise<void> {
    const boss = new PgBoss({ connectionString: ownerUrl, schema: SCHEMA, supervise: false, schedule: false, max: 1 })
    boss.on('error', () => undefined) // start() rejects with it
    await boss.start()
    await boss.stop({ graceful: false })
    await grantSchema(ownerUrl, SCHEMA)
  }

  async start(): Promise<void> {
    if (this.#tasks.length > 0) await this.#open()
    for (const { name, cron, run } of this.#tasks) {
      await this.#makeQueue(name)
      if (cron === undefined) await this.#boss.unschedule(name)
      else await this.#boss.schedule(name, cron)
      await this.#boss.work(name, () => this.#runTask(name, run))
    }
  }

  async #runTask(job: string, run: JobTask['run']): Promise<void> {
    const startedAt = performance.now()
    this.#log.info({ job }, 'job started')
    try {
      await run()
      this.#log.info({ job, durationMs: Math.round(performance.now() - startedAt) }, 'job done')
    } catch (error) {
      this.#log.error({ job, error: String(error), stack: (error as Error).stack }, 'job failed and will be retried')
      throw error
    }
  }

  /** Runs a task as soon as a worker is free. */
  async now(name: string): Promise<void> {
    await this.#open()
    await this.#makeQueue(name)
    await this.#boss.send(name)
  }

  /** Opens the queue when it is first needed. Most api processes never need it. */
  #open(): Promise<unknown> {
    this.#started ??= this.#boss.start().catch((error: unknown) => {
      this.#started = undefined // the next request tries again
      throw error
    })
    return this.#started
  }

  #makeQueue(name: string): Promise<void> {
    return this.#boss.createQueue(name, { policy: 'stately', expireInSeconds: EXPIRE_S, retryLimit: RETRIES })
  }

  async stop(): Promise<void> {
    if (this.#started) await this.#boss.stop({ graceful: true, timeout: 5_000 })
  }
}
