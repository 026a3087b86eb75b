// One of several servers over the same database: the real procedures, ledger and feed, called without a network.
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import { alertRules } from '../../../server/alerts/alert-rules.ts'
import type { Issued } from '../../../server/accounts/accounts.ts'
import { Accounts } from '../../../server/accounts/accounts.ts'
import { Admission } from '../../../server/api/admission.ts'
import { appRouter } from '../../../server/api/app-router.ts'
import type { ApiParts, Context } from '../../../server/api/context.ts'
import { refusalOf } from '../../../server/api/trpc.ts'
import type { ServerEvent } from '../../../server/events/commit-event.ts'
import { Cursors } from '../../../server/feed/cursor.ts'
import { LiveFeed } from '../../../server/feed/live.ts'
import { PagePrefetch } from '../../../server/feed/page-prefetch.ts'
import type { PullParts } from '../../../server/feed/pull.ts'
import { Ledger } from '../../../server/ledger/ledger.ts'
import { Metrics } from '../../../server/metrics/metrics.ts'
import { RequestRefusedError } from '../../../server/process/request-refused.ts'
import type { LiveMessage } from '#shared/protocol/wire.ts'
import type { Frame, Reply, Request } from './network.ts'
import { SILENCE } from './network.ts'
import { unsignedTokens } from './organisation.ts'
import type { ReadReplica } from './read-replica.ts'
import type { SimulatedDatabase } from './stage.ts'
import type { VirtualTime } from './virtual-time.ts'

/** All servers sign cursors with the same secret. */
const SECRET = 's'.repeat(40)

export interface ReplicaParts {
  database: SimulatedDatabase
  time: VirtualTime
  publish: (event: ServerEvent) => void
  reads: Reads
}

/** How the servers of a world read for pulls. */
export interface Reads {
  /** Asked first. */
  readReplica: ReadReplica | undefined
  /** Whether the next page is prefetched, however small. */
  ahead: boolean
}

export class Replica {
  readonly database: SimulatedDatabase
  readonly ledger: Ledger
  readonly feed: LiveFeed
  readonly accounts: Accounts
  readonly #parts: ApiParts
  readonly #time: VirtualTime
  readonly #life = new AbortController()

  constructor({ database, time, publish, reads }: ReplicaParts) {
    this.database = database
    this.#time = time
    database.time = time
    const timer = (ms: number, fire: () => void) => time.after(ms, fire)
    const pulling: PullParts = {
      primary: database,
      replica: reads.readReplica,
      ...(reads.ahead && { prefetch: new PagePrefetch({ rowsMin: 1, timer }) }),
      cursors: new Cursors(SECRET),
      lostCommits: (orgId, seen) => this.ledger.beginEpoch(orgId, { lost: seen }),
      now: () => time.now,
    }
    this.feed = new LiveFeed(pulling, { timer })
    const emit = (event: ServerEvent) => {
      if (this.#dead) return
      this.feed.deliver(event)
      publish(event)
    }
    this.ledger = new Ledger({ database, alertRules, now: () => time.now, publish: emit })
    this.accounts = new Accounts({ database, ledger: this.ledger, tokens: unsignedTokens, sessionsEnded: emit })
    const unused = {} as Pick<ApiParts, 'backups' | 'importer' | 'loginLimits'>
    const admission = new Admission()
    const { accounts, feed, ledger } = this
    const metrics = new Metrics({ version: 'simulated', protocol: PROTOCOL_VERSION })
    this.#parts = { ...unused, accounts, admission, database, feed, ledger, metrics, pulling, setupToken: undefined }
  }

  /** The process has ended: it no longer answers, publishes or retries. */
  crash(): void {
    this.#life.abort()
  }

  get #dead(): boolean {
    return this.#life.signal.aborted
  }

  async serve({ path, input, accessToken }: Pick<Request, 'path' | 'input' | 'accessToken'>): Promise<Reply> {
    try {
      const value = await this.#ask(path, { input: throughJson(input), accessToken })
      return this.#dead ? SILENCE : { ok: true, value: throughJson(value) }
    } catch (error) {
      if (this.#dead) return SILENCE
      const { refusal, lastSeq, retryAfterS } = refusalOf(error)
      const retryAfterMs = retryAfterS === undefined ? undefined : retryAfterS * 1000
      return { ok: false, refusal, ...(lastSeq !== undefined && { lastSeq }), ...(retryAfterMs && { retryAfterMs }) }
    }
  }
  /** Serves the live subscription of a socket until it or this server ends. */
  async listen(
    { input, accessToken }: Pick<Request, 'input' | 'accessToken'>,
    { signal, send }: { signal: AbortSignal; send: (frame: Frame) => void },
  ): Promise<void> {
    const ended = AbortSignal.any([signal, this.#life.signal])
    const caller = appRouter.createCaller(this.#context(accessToken), { signal: ended })
    try {
      const messages = (await caller.live(throughJson(input) as never)) as AsyncIterable<LiveMessage>
      for await (const message of messages) {
        if (ended.aborted) break
        send({ type: 'message', message: throughJson(message) })
      }
    } catch (error) {
      if (!ended.aborted) send({ type: 'refused', code: refusalOf(error).refusal })
    }
    if (this.#dead && !signal.aborted) send({ type: 'closed' })
  }

  #ask(path: Request['path'], { input, accessToken }: Pick<Request, 'input' | 'accessToken'>): Promise<unknown> {
    const { sync } = appRouter.createCaller(this.#context(accessToken))
    switch (path) {
      case 'push':
        return sync.push(input)
      case 'pull':
        return sync.pull(input as never)
      case 'refresh':
        return this.#refresh((input as { cookie: string }).cookie)
    }
  }

  /** Answers like auth.refresh, with the cookie in the answer. */
  async #refresh(cookie: string): Promise<Issued> {
    const issued = await this.accounts.refresh(cookie)
    if (issued === 'disabled') throw new RequestRefusedError('disabled')
    if (!issued) throw new RequestRefusedError('unauthenticated')
    return issued
  }

  #context(accessToken: string): Context {
    return { parts: this.#parts, accessToken, receivedAt: this.#time.now }
  }
}

/** Drops everything that JSON does not transport. */
function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
