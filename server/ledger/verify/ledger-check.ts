// The ledger check: recomputes every position from its entries, and checks every line of both logs against the line before
// it and every commit against both. Names the first row of each table that does not match. Keeps H3, L7.
import { toUnits } from '#shared/values/quantity.ts'
import type { Database, Sql } from '../../database/database.ts'
import { chainHead } from '../commit/chain.ts'
import type { CheckedHead } from './ledger-check-store.ts'
import {
  findWrongPositions,
  storeReport,
  readAudit,
  readCommits,
  readHeadToCheck,
  readLog,
} from './ledger-check-store.ts'
import { auditHash, logHash } from '../commit/log-lines.ts'

export interface Finding {
  where: 'inventory_logs' | 'audit_log' | 'commits' | 'org_heads' | 'positions'
  /** The row: a line's number, a version, a position. */
  row: string
  /** What is wrong, in words. */
  problem: string
}

export interface CheckReport {
  lines: number
  auditLines: number
  commits: number
  /** The first row of each table that does not match; of positions the first few. Empty if everything matches. */
  findings: Finding[]
}

const POSITIONS_SHOWN = 20

/** Checks one snapshot of an organisation. It does not lock anything. */
export function checkLedger(database: Database, orgId: string): Promise<CheckReport> {
  return database.snapshot(orgId, async (sql) => {
    const head = await readHeadToCheck(sql, orgId)
    if (!head) throw new Error(`organisation ${orgId} has no head`)
    const walk = new ChainWalk(sql, orgId)
    await walk.run(head)
    const wrong = await findWrongPositions(sql)
    const findings = [...walk.findings.values()]
    for (const { itemId, locationId, lot, expected, found } of wrong.slice(0, POSITIONS_SHOWN)) {
      const problem = `is ${inUnits(found)}, but its entries give ${inUnits(expected)} (${wrong.length} such positions)`
      findings.push({ where: 'positions', row: `${itemId}/${locationId}/${lot}`, problem })
    }
    return { lines: walk.logs.no, auditLines: walk.audit.no, commits: walk.version, findings }
  })
}

/** Checks an organisation and stores the report. */
export async function checkAndStore(database: Database, orgId: string, now: () => number): Promise<CheckReport> {
  const atMs = now()
  const report = await checkLedger(database, orgId)
  await storeReport(database, orgId, { report, atMs, tookMs: now() - atMs })
  return report
}

function inUnits(thousandths: number | null): string {
  return thousandths === null ? 'nothing' : String(toUnits(thousandths))
}

interface Chain {
  no: number
  hash: string
}

/** Follows both logs and the commits together, in the order of versions. */
class ChainWalk {
  /** The first finding in each table: after a broken link, the following lines cannot match either. */
  readonly findings = new Map<Finding['where'], Finding>()
  readonly logs: Chain = { no: 0, hash: '' }
  readonly audit: Chain = { no: 0, hash: '' }
  version = 0
  readonly #sql: Sql
  readonly #orgId: string

  constructor(sql: Sql, orgId: string) {
    this.#sql = sql
    this.#orgId = orgId
  }

  async run(head: CheckedHead): Promise<void> {
    const logs = new Peekable(readLog(this.#sql, this.#orgId))
    const audit = new Peekable(readAudit(this.#sql, this.#orgId))
    for await (const commit of readCommits(this.#sql, this.#orgId)) {
      await this.#visit(logs, commit.version, (line) =>
        this.#link('inventory_logs', this.logs, line, (previous) => logHash(previous, line)),
      )
      await this.#visit(audit, commit.version, (line) =>
        this.#link('audit_log', this.audit, line, (previous) => auditHash(previous, line)),
      )
      const row = String(commit.version)
      if (commit.version !== this.version + 1) this.#addFinding('commits', row, `follows version ${this.version}`)
      else if (commit.head !== chainHead(this.logs.hash, this.audit.hash)) {
        this.#addFinding('commits', row, 'does not match the logs')
      }
      this.version = commit.version
    }
    await this.#visit(logs, Number.POSITIVE_INFINITY, ({ no }) =>
      this.#addFinding('inventory_logs', String(no), NO_COMMIT),
    )
    await this.#visit(audit, Number.POSITIVE_INFINITY, ({ no }) => this.#addFinding('audit_log', String(no), NO_COMMIT))
    this.#checkHead(head)
  }

  #checkHead(head: CheckedHead): void {
    const walked = { ...this.#ends(), version: this.version }
    for (const [name, value] of Object.entries(walked)) {
      const found = head[name as keyof CheckedHead]
      if (found !== value) this.#addFinding('org_heads', name, `is ${found}, but the logs end at ${value}`)
    }
  }

  #ends() {
    return { logNo: this.logs.no, logHash: this.logs.hash, auditNo: this.audit.no, auditHash: this.audit.hash }
  }

  async #visit<L extends { version: number }>(
    lines: Peekable<L>,
    upTo: number,
    visit: (line: L) => void,
  ): Promise<void> {
    for (let line = await lines.peek(); line && line.version <= upTo; line = await lines.peek()) {
      visit(line)
      lines.advance()
    }
  }

  #link(
    where: 'inventory_logs' | 'audit_log',
    chain: Chain,
    line: { no: number; hash: string },
    hashAfter: (previous: string) => string,
  ): void {
    if (line.no !== chain.no + 1)
      this.#addFinding(where, String(line.no), `follows line ${chain.no}: lines are missing`)
    else if (hashAfter(chain.hash) !== line.hash) this.#addFinding(where, String(line.no), 'does not match its hash')
    chain.no = line.no
    chain.hash = line.hash
  }

  #addFinding(where: Finding['where'], row: string, problem: string): void {
    if (!this.findings.has(where)) this.findings.set(where, { where, row, problem })
  }
}

const NO_COMMIT = 'does not belong to a commit'

/** A stream whose next element can be read without removing it. */
class Peekable<T> {
  readonly #source: AsyncGenerator<T>
  #next: T | undefined
  #ended = false

  constructor(source: AsyncGenerator<T>) {
    this.#source = source
  }

  async peek(): Promise<T | undefined> {
    if (this.#next === undefined && !this.#ended) {
      const { value, done } = await this.#source.next()
      if (done) this.#ended = true
      else this.#next = value
    }
    return this.#next
  }

  advance(): void {
    this.#next = undefined
  }
}
