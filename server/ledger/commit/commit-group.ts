// One transaction: lock, load, decide, write, commit; for a group of batches of one organisation. Keeps P1–P8, H1–H3.
import type { Change } from '#shared/working-set/working-set.ts'
import { WorkingSet } from '#shared/working-set/working-set.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Conflict } from '#shared/rows/rows.ts'
import type { CommitEvent } from '../../events/commit-event.ts'
import type { Database } from '../../database/database.ts'
import type { Batch, BatchAnswer } from './batch.ts'
import { RequestRefusedError } from '../../process/request-refused.ts'
import { Commit } from './commit.ts'
import type { Decided } from './decide-group.ts'
import { GroupDecision } from './decide-group.ts'
import { isBlocked } from './decided-conflicts.ts'
import type { AlertRules } from './evaluate-alerts.ts'
import { evaluateAlerts } from './evaluate-alerts.ts'
import { loadGroup, planReads } from './load-group.ts'

export interface CommitOptions {
  database: Database
  alertRules: AlertRules
  now: () => number
}

export interface CommitResult {
  answers: (BatchAnswer | RequestRefusedError)[]
  /** Absent if nothing changed. Then there is no new version either. */
  event?: CommitEvent
  /** What this group created, if mutations that were not decided with it may depend on that. */
  createdKeys: readonly string[]
}

const errorsWithBlocked = new WeakSet<object>()

/** True for an error of a group that also decided blocked mutations. Without those, the same batches may succeed. */
export function failedWithBlocked(error: unknown): boolean {
  return errorsWithBlocked.has(error as object)
}

/** Commits a group of batches of one organisation completely, or not at all. */
export async function commitGroup(
  parts: CommitOptions,
  orgId: string,
  batches: readonly Batch[],
): Promise<CommitResult> {
  const decided: Decided[] = []
  try {
    return await commitDecided(parts, orgId, { batches, decided })
  } catch (error) {
    if (decided.some(({ isLate }) => isLate)) errorsWithBlocked.add(error as object)
    throw error
  }
}

/** Adds each decided mutation to `decided`, which the caller reads if the commit fails. */
function commitDecided(
  { database, alertRules, now }: CommitOptions,
  orgId: string,
  { batches, decided }: { batches: readonly Batch[]; decided: Decided[] },
): Promise<CommitResult> {
  const plan = planReads(batches)
  return database.transaction(orgId, async (tx) => {
    const { head, atMsBefore, loaded, rows, alertInputs, areBlockedLeft } = await loadGroup(tx, orgId, {
      batches,
      plan,
    })
    const decision = new GroupDecision(new WorkingSet(rows), loaded, decided)
    const commit = new Commit(tx, orgId, { head, nowMs: now() })
    const answers: (BatchAnswer | RequestRefusedError)[] = []
    for (const batch of batches) answers.push(await decideBatch({ decision, commit }, batch))
    const { workingSet, changes, devices } = decision
    if (devices.size === 0 && changes.size === 0 && decided.length === 0)
      return { answers: withVersion(answers, head.version), createdKeys: [] }
    const blockedCount = head.blocked + countNewlyBlocked(changes)
    const { nowMs } = commit
    for (const alert of evaluateAlerts(alertRules, { workingSet, changes, alertInputs, nowMs, decided })) {
      changes.set(`alerts ${alert.id}`, { kind: 'alerts', key: alert.id, before: undefined, after: alert })
    }
    const event = commit.close({
      changes: [...changes.values()],
      devices: [...devices.values()],
      blockedCount,
      atMsBefore,
    })
    return { answers, event, createdKeys: areBlockedLeft ? decision.createdKeys() : [] }
  })
}

/** The answers of a group that changed nothing, which does not create a version. */
function withVersion(
  answers: (BatchAnswer | RequestRefusedError)[],
  version: number,
): (BatchAnswer | RequestRefusedError)[] {
  return answers.map((answer) => (answer instanceof RequestRefusedError ? answer : { ...answer, version }))
}

async function decideBatch(
  { decision, commit }: { decision: GroupDecision; commit: Commit },
  batch: Batch,
): Promise<BatchAnswer | RequestRefusedError> {
  const results: PushResult[] = []
  let added = decision.decided.length
  try {
    for (const result of decision.decide(batch)) {
      results.push(result)
      for (; added < decision.decided.length; added++) commit.addDecided(decision.decided[added]!)
      if (commit.hasManyLines) await commit.sendLines()
    }
  } catch (error) {
    if (error instanceof RequestRefusedError) return error
    throw error
  }
  const { lastSeq, lastAt } = decision.deviceOf(batch)
  return { version: commit.version, lastSeq, lastAt, results }
}

/** The number of blocked mutations after the group, minus the number before. */
function countNewlyBlocked(changes: Map<string, Change>): number {
  let count = 0
  for (const { kind, before, after } of changes.values()) {
    if (kind !== 'conflicts') continue
    count += Number(isBlocked(after as Conflict)) - Number(before !== undefined && isBlocked(before as Conflict))
  }
  return count
}
