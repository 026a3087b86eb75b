// One server of several over the same database: the real procedures, ledger and feed, called without a socket between.
import { PROTOCOL_VERSION } from '#shared/protocol/limits.ts'
import { judgeLevels } from '../../server/alerts/judge-levels.ts'
import { Accounts } from '../../server/accounts/accounts.ts'
import { Admission } from '../../server/api/admission.ts'
import { appRouter } from '../../server/api/app-router.ts'
import type { ApiParts } from '../../server/api/context.ts'
import { Refused } from '../../server/api/trpc.ts'
import type { CommitNotice } from '../../server/bus/commit-notice.ts'
import { Cursors } from '../../server/feed/cursor.ts'
import { LiveFeed } from '../../server/feed/live.ts'
import type { PullParts } from '../../server/feed/pull.ts'
import { Ledger } from '../../server/ledger/ledger.ts'
import { Metrics } from '../../server/metrics/metrics.ts'
import type { Reply, Request } from './network.ts'
import { SILENCE } from './network.ts'
import { openTokens } from './organisation.ts'
import type { SimulatedDatabase } from './stage.ts'
import type { VirtualTime } from './virtual-time.ts'

/** All servers sign cursors alike. */
const SECRET = 's'.repeat(40)

export class Replica {
  readonly database: SimulatedDatabase
  readonly ledger: Ledger
  readonly feed: LiveFeed
  readonly accounts: Accounts
  readonly #parts: ApiParts
  readonly #time: VirtualTime
  #dead = false

  constructor({
    database,
    time,
    publish,
  }: {
    database: SimulatedDatabase
    time: VirtualTime
    publish: (notice: CommitNotice) => void
  }) {
    this.database = database
    this.#time = time
    database.time = time
    const pulling: PullParts = {
      primary: database,
      cursors: new Cursors(SECRET),
      lostCommits: (orgId, seen) => this.ledger.beginEpoch(orgId, { lost: seen }),
      now: () => time.now,
    }
    this.feed = new LiveFeed(pulling)
    const tell = (notice: CommitNotice) => {
      if (!this.#dead) publish(notice)
    }
    this.ledger = new Ledger({ database, judgeLevels, now: () => time.now, publish: tell })
    this.accounts = new Accounts({ database, ledger: this.ledger, tokens: openTokens })
    const unused = {} as Pick<ApiParts, 'backups' | 'importer' | 'loginLimits'>
    const admission = new Admission()
    const { accounts, feed, ledger } = this
    const metrics = new Metrics({ version: 'simulated', protocol: PROTOCOL_VERSION })
    this.#parts = { ...unused, accounts, admission, database, feed, ledger, metrics, pulling, setupToken: undefined }
  }

  /** The process is gone: nothing of it answers, publishes or tries again. */
  die(): void {
    this.#dead = true
  }

  async serve({ path, input, accessToken }: Pick<Request, 'path' | 'input' | 'accessToken'>): Promise<Reply> {
    const context = { parts: this.#parts, accessToken, receivedAt: this.#time.now }
    const { sync } = appRouter.createCaller(context)
    // As it travels: what JSON does not carry does not arrive.
    const arrived = JSON.parse(JSON.stringify(input)) as never
    try {
      const value = path === 'push' ? await sync.push(arrived) : await sync.pull(arrived)
      return this.#dead ? SILENCE : { ok: true, value: JSON.parse(JSON.stringify(value)) as unknown }
    } catch (error) {
      if (this.#dead) return SILENCE
      const { refusal, lastSeq, retryAfterS } = error instanceof Refused ? error : new Refused('malformed')
      const retryAfterMs = retryAfterS === undefined ? undefined : retryAfterS * 1000
      return { ok: false, refusal, ...(lastSeq !== undefined && { lastSeq }), ...(retryAfterMs && { retryAfterMs }) }
    }
  }
}
