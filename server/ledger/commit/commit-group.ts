// One transaction: lock, load, decide, write, commit; for a group of batches of one organisation. Keeps P1–P8, H1–H3.
import { setImmediate as sent } from 'node:timers/promises'
import type { Change } from '#shared/working-set/working-set.ts'
import { WorkingSet } from '#shared/working-set/working-set.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Conflict, Kind, Row } from '#shared/rows/rows.ts'
import type { CommitEvent } from '../../events/commit-event.ts'
import type { Database } from '../../database/database.ts'
import type { Batch, BatchAnswer } from './batch.ts'
import { RequestRefusedError } from './batch.ts'
import { chainHead } from './chain.ts'
import { eventsOf, tablesOf } from './commit-events.ts'
import type { Decided } from './decide-group.ts'
import { GroupDecision, isBlocked } from './decide-group.ts'
import type { AlertInputs } from '../store/alert-inputs-store.ts'
import type { AlertRules } from './evaluate-alerts.ts'
import { evaluateAlerts } from './evaluate-alerts.ts'
import type { Head } from '../store/ledger-store.ts'
import { writeCommit, writeLines } from '../store/ledger-write-store.ts'
import { collectReads, loadGroup } from './load-group.ts'
import { LogWriter } from './log-writer.ts'

export interface CommitOptions {
  database: Database
  judgeLevels: AlertRules
  now: () => number
}

export interface CommitResult {
  answers: (BatchAnswer | RequestRefusedError)[]
  /** Absent where nothing changed: then there is no new version either. */
  notice?: CommitEvent
  /** What this group brought, where something that was not decided with it may wait for that. */
  left: readonly string[]
}

/** Errors of groups that decided what had waited, too: without that they may succeed. */
const whileWaking = new WeakSet<object>()

export function isRetryFailure(error: unknown): boolean {
  return whileWaking.has(error as object)
}

/** Commits a group of batches of one organisation, or nothing of it. @throws see also `failedWaking` */
export async function commitGroup(
  parts: CommitOptions,
  orgId: string,
  batches: readonly Batch[],
): Promise<CommitResult> {
  const decided: Decided[] = []
  try {
    return await commitDecided(parts, orgId, { batches, decided })
  } catch (error) {
    if (decided.some(({ isLate }) => isLate)) whileWaking.add(error as object)
    throw error
  }
}

/** `decided` grows by what is decided. */
function commitDecided(
  parts: CommitOptions,
  orgId: string,
  { batches, decided }: { batches: readonly Batch[]; decided: Decided[] },
): Promise<CommitResult> {
  const plan = collectReads(batches)
  return parts.database.transaction(orgId, async (tx) => {
    const {
      head,
      atMsBefore,
      loaded,
      shelf: preloaded,
      forAlerts: alertInputs,
      isWaitingLeft,
    } = await loadGroup(tx, orgId, { batches, wants: plan })
    const decision = new GroupDecision(new WorkingSet(preloaded), loaded, decided)
    const nowMs = parts.now()
    const version = head.version + 1
    const logs = new LogWriter(head, nowMs)
    const answers: (BatchAnswer | RequestRefusedError)[] = []
    const write = async () => {
      writeLines(tx, orgId, { version, lines: logs.flush() })
      await sent() // PostgreSQL writes these while the next mutations are decided
    }
    for (const batch of batches) answers.push(await decideBatch({ decision, logs, write, version }, batch))
    if (decision.devices.size === 0 && decision.changes.size === 0 && decision.decided.length === 0)
      return { answers: at(answers, head.version), left: [] }
    const { closing, notice: event } = settle(parts, {
      head,
      atMsBefore,
      decision,
      forAlerts: alertInputs,
      orgId,
      logs,
      nowMs,
    })
    writeCommit(tx, orgId, closing)
    return { answers, notice: event, left: isWaitingLeft ? decision.createdKeys() : [] }
  })
}

/** Answers of a group that changed nothing: it made no version. */
function at(answers: (BatchAnswer | RequestRefusedError)[], version: number): (BatchAnswer | RequestRefusedError)[] {
  return answers.map((answer) => (answer instanceof RequestRefusedError ? answer : { ...answer, version }))
}

interface Deciding {
  decision: GroupDecision
  logs: LogWriter
  /** Sends the lines that were made. */
  write(): Promise<void>
  version: number
}

async function decideBatch(
  { decision, logs, write, version }: Deciding,
  batch: Batch,
): Promise<BatchAnswer | RequestRefusedError> {
  const results: PushResult[] = []
  let written = decision.decided.length
  try {
    for (const result of decision.decide(batch)) {
      results.push(result)
      for (; written < decision.decided.length; written++) logs.add(decision.decided[written]!)
      if (logs.isFull) await write()
    }
  } catch (error) {
    if (error instanceof RequestRefusedError) return error
    throw error
  }
  const { lastSeq, lastAt } = decision.deviceOf(batch)
  return { version, lastSeq, lastAt, results }
}

interface Settling {
  head: Head
  /** When the commit before was decided. */
  atMsBefore: number | undefined
  decision: GroupDecision
  forAlerts: AlertInputs
  orgId: string
  logs: LogWriter
  nowMs: number
}

/** What a group writes at its end, and what it tells the world. */
function settle(
  parts: CommitOptions,
  { head, atMsBefore, decision, forAlerts: alertInputs, orgId, logs, nowMs }: Settling,
) {
  const { decided, devices, workingSet, changes } = decision
  const version = head.version + 1
  const waiting = head.waiting + newlyWaiting(changes)
  for (const alert of evaluateAlerts(parts.judgeLevels, {
    book: workingSet,
    changes,
    forAlerts: alertInputs,
    nowMs,
    decided,
  })) {
    changes.set(`alerts ${alert.id}`, { kind: 'alerts', key: alert.id, before: undefined, after: alert })
  }
  const rows = new Map<Kind, Row<Kind>[]>()
  for (const { kind, after } of changes.values()) {
    if (!rows.has(kind)) rows.set(kind, [])
    rows.get(kind)!.push({ ...after, version } as Row<Kind>)
  }
  const next: Head = { ...head, ...logs.heads(), version, waiting }
  const newHead = chainHead(next.logHash, next.auditHash)
  const tables = tablesOf(rows)
  const event: CommitEvent = {
    orgId,
    epoch: head.epoch,
    from: head.version,
    to: version,
    chainHead: newHead,
    atMs: nowMs,
    chainBefore: chainHead(head.logHash, head.auditHash),
    ...(atMsBefore !== undefined && { atMsBefore }),
    events: eventsOf(changes.values()),
    ...(tables && { tables }),
    lastSeqs: Object.fromEntries([...devices.values()].map(({ clientId, lastSeq }) => [clientId, lastSeq])),
    deviceUsers: Object.fromEntries([...devices.values()].map(({ clientId, userId }) => [clientId, userId])),
  }
  const tookEffect = logs.lateEffects()
  const commit = { atMs: nowMs, head: newHead }
  const lines = logs.flush()
  return { closing: { head: next, lines, rows, tookEffect, devices: [...devices.values()], commit }, notice: event }
}

/** How many more refusals wait than before. */
function newlyWaiting(changes: Map<string, Change>): number {
  let count = 0
  for (const { kind, before, after } of changes.values()) {
    if (kind !== 'conflicts') continue
    count += Number(isBlocked(after as Conflict)) - Number(before !== undefined && isBlocked(before as Conflict))
  }
  return count
}
