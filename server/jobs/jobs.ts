// Jobs: what the server does by the clock, once for all its replicas. Kept in the same PostgreSQL by pg-boss, so a
// replica that ends in the middle leaves its job to another.
import type { Logger } from 'pino'
import { PgBoss } from 'pg-boss'
import { grantSchema } from '../database/schema/grant-schema.ts'

const SCHEMA = 'jobs'
/** Connections of a process for its queue, beside the pool of its database. */
export const JOBS_POOL_MAX = 2
/** A job that takes longer has died with its replica, and is done again. */
const EXPIRE_S = 3_600
const RETRIES = 3

export interface JobTask {
  name: string
  /** When, in UTC (minute hour day month weekday); undefined where only somebody who asks for it has it run. */
  cron: string | undefined
  run(): Promise<void>
}

export class Jobs {
  readonly #boss: PgBoss
  readonly #log: Logger
  readonly #tasks: readonly JobTask[]
  #begun: Promise<unknown> | undefined

  /** Without tasks of its own a process can ask for one all the same. */
  constructor({ url, log, tasks }: { url: string; log: Logger; tasks: readonly JobTask[] }) {
    const works = tasks.length > 0
    this.#boss = new PgBoss({
      connectionString: url,
      schema: SCHEMA,
      migrate: false,
      createSchema: false,
      supervise: works,
      schedule: works,
      max: JOBS_POOL_MAX,
    })
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
    if (this.#tasks.length > 0) await this.#begin()
    for (const { name, cron, run } of this.#tasks) {
      await this.#makeQueue(name)
      if (cron === undefined) await this.#boss.unschedule(name)
      else await this.#boss.schedule(name, cron)
      await this.#boss.work(name, () => this.#do(name, run))
    }
  }

  async #do(job: string, run: JobTask['run']): Promise<void> {
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
    await this.#begin()
    await this.#makeQueue(name)
    await this.#boss.send(name)
  }

  /** Opened when it is first needed: most processes of an api never ask for anything. */
  #begin(): Promise<unknown> {
    this.#begun ??= this.#boss.start().catch((error: unknown) => {
      this.#begun = undefined // tried again by whoever asks next
      throw error
    })
    return this.#begun
  }

  #makeQueue(name: string): Promise<void> {
    return this.#boss.createQueue(name, { policy: 'stately', expireInSeconds: EXPIRE_S, retryLimit: RETRIES })
  }

  async stop(): Promise<void> {
    if (this.#begun) await this.#boss.stop({ graceful: true, timeout: 5_000 })
  }
}
