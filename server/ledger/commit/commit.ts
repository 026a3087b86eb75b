// One commit: the head under its lock, the lines that it adds to the logs, and its end as the next version. The only code
// that ends a commit. Keeps P7, H1–H3.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { formatStamp } from '#shared/values/stamp.ts'
import type { Change } from '#shared/working-set/working-set.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'
import type { Tx } from '../../database/database.ts'
import type { CommitEvent } from '../../events/commit-event.ts'
import { chainHead } from './chain.ts'
import { eventsOf, tablesOf } from './commit-events.ts'
import type { Decided } from './decide-group.ts'
import type { Head } from '../store/head-store.ts'
import { lockHead } from '../store/head-store.ts'
import type { DeviceRow } from '../store/senders-store.ts'
import { writeCommit, writeLines } from '../store/ledger-write-store.ts'
import { LogWriter } from './log-writer.ts'

/** Changes by the server have a stamp too, of no device. */
const NO_DEVICE = '00000000'

export interface CommitContents {
  /** The rows that changed. */
  changes: readonly Change[]
  devices?: readonly DeviceRow[]
  /** The number of blocked mutations after this commit. By default it does not change. */
  blockedCount?: number
  /** When the commit before this one was decided, Unix ms. */
  atMsBefore: number | undefined
}

export class Commit {
  readonly version: number
  readonly #tx: Tx
  readonly #orgId: string
  readonly #head: Head
  readonly #nowMs: number
  readonly #logs: LogWriter

  /** `head` must be locked in this transaction. */
  constructor(tx: Tx, orgId: string, { head, nowMs }: { head: Head; nowMs: number }) {
    this.version = head.version + 1
    this.#tx = tx
    this.#orgId = orgId
    this.#head = head
    this.#nowMs = nowMs
    this.#logs = new LogWriter(head, nowMs)
  }

  /** Locks the head of an organisation. Commits of the organisation run one after the other from here on. */
  static async open(tx: Tx, orgId: string, now: () => number): Promise<Commit> {
    const head = await lockHead(tx.sql, orgId)
    if (!head) throw new Error(`organisation ${orgId} has no head`)
    return new Commit(tx, orgId, { head, nowMs: now() })
  }

  /** The head before this commit. */
  get head(): Head {
    return this.#head
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Adds the lines of a decided mutation. */
  addDecided(decided: Decided): void {
    this.#logs.add(decided)
  }

  /** Adds the audit line of a change that is not a mutation. Without `userId`, the server itself made it. */
  addAudit({ action, userId = null }: { action: string; userId?: string | undefined | null }, change: Change): void {
    const at = formatStamp({ ms: this.#nowMs, counter: 0, device: NO_DEVICE })
    this.#logs.addAudit({ action, userId, clientId: null, mutationId: null, at }, change)
  }

  /** True if the lines so far should be sent before the next mutation is decided. */
  get hasManyLines(): boolean {
    return this.#logs.isFull
  }

  /** Sends the lines so far. PostgreSQL writes them while the next mutations are decided. */
  async sendLines(): Promise<void> {
    writeLines(this.#tx, this.#orgId, { version: this.version, lines: this.#logs.flush() })
    await nextTurn() // the socket sends at the end of a turn of the event loop
  }

  /** Writes everything that is left, as a new version. Returns the event to publish once the transaction is committed. */
  close({ changes, devices = [], blockedCount = this.#head.blocked, atMsBefore }: CommitContents): CommitEvent {
    const { epoch, version: from, logHash, auditHash } = this.#head
    const rows = new Map<Kind, Row<Kind>[]>()
    for (const { kind, after } of changes) {
      if (!rows.has(kind)) rows.set(kind, [])
      rows.get(kind)!.push({ ...after, version: this.version } as Row<Kind>)
    }
    const head = this.#write({ epoch, blocked: blockedCount }, { rows, devices })
    const tables = tablesOf(rows)
    return {
      orgId: this.#orgId,
      epoch,
      from,
      to: this.version,
      chainHead: head,
      atMs: this.#nowMs,
      chainBefore: chainHead(logHash, auditHash),
      ...(atMsBefore !== undefined && { atMsBefore }),
      events: eventsOf(changes),
      ...(tables && { tables }),
      lastSeqs: Object.fromEntries(devices.map(({ clientId, lastSeq }) => [clientId, lastSeq])),
      ...(devices.length > 0 && { deviceUsers: Object.fromEntries(devices.map((one) => [one.clientId, one.userId])) }),
    }
  }

  /** Like `close`, but the version begins a new epoch. Its event continues no earlier version, so devices pull. */
  closeWithEpoch(epoch: number): CommitEvent {
    const head = this.#write({ epoch, blocked: this.#head.blocked }, { rows: new Map(), devices: [] })
    return {
      orgId: this.#orgId,
      epoch,
      from: this.version,
      to: this.version,
      chainHead: head,
      atMs: this.#nowMs,
      events: [{ type: 'epoch_changed' }],
      lastSeqs: {},
    }
  }

  /** Returns the new head of the hash chains. */
  #write(
    head: Pick<Head, 'epoch' | 'blocked'>,
    { rows, devices }: { rows: Map<Kind, Row<Kind>[]>; devices: readonly DeviceRow[] },
  ): string {
    const next: Head = { ...this.#logs.heads(), ...head, version: this.version }
    const chain = chainHead(next.logHash, next.auditHash)
    writeCommit(this.#tx, this.#orgId, {
      head: next,
      // Accounts write the rows of members, because their table has more columns than devices see.
      rows: new Map([...rows].filter(([kind]) => kind !== 'members')),
      lateEffects: this.#logs.lateEffects(),
      lines: this.#logs.flush(),
      devices,
      commit: { atMs: this.#nowMs, head: chain },
    })
    return chain
  }
}
