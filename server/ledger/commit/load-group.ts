// Loads everything that a group works on, in four steps. Plan: what the mutations name. Load: the head under its lock, the
// senders and the planned rows. Extend: the blocked mutations that the group may unblock. Load again if there are any.
// Keeps M5.
import { positionOf } from '#shared/working-set/working-set.ts'
import { prepare } from '#shared/mutations/apply.ts'
import { mutationOf, otherSide } from '#shared/mutations/reviews/conflict-ways.ts'
import type { Conflict, CountLine } from '#shared/rows/rows.ts'
import { effectiveStamp } from '#shared/values/stamp.ts'
import type { Sql, Tx } from '../../database/database.ts'
import type { Batch } from './batch.ts'
import { RequestRefusedError } from '../../process/request-refused.ts'
import { isBlockedBatch } from './batch.ts'
import type { LoadedGroup } from './decide-group.ts'
import type { AlertInputs } from '../store/alert-inputs-store.ts'
import { loadAlertInputs } from '../store/alert-inputs-store.ts'
import type { Head } from '../store/head-store.ts'
import { lockHead } from '../store/head-store.ts'
import { loadBlocked, loadConflicts, loadLines } from '../store/plan-store.ts'
import { loadPlannedRows } from '../store/planned-rows-store.ts'
import type { Senders } from '../store/senders-store.ts'
import { loadSenders, NO_SENDERS } from '../store/senders-store.ts'
import type { PreloadedRows } from './preloaded-rows.ts'
import { ReadSet } from './read-set.ts'

/** A group decides the blocked mutations that it unblocks. More than this would hold the lock too long. */
export const BLOCKED_MAX = 2_000

interface GroupRows {
  rows: PreloadedRows
  alertInputs: AlertInputs
}

interface GroupInputs extends GroupRows {
  head: Head
  /** When the commit before this one was decided, Unix ms. */
  atMsBefore: number | undefined
  loaded: LoadedGroup
  /** True if blocked mutations that the group may unblock were not loaded with it. */
  areBlockedLeft: boolean
}

/** Step 1: what a group reads, as far as its mutations say. */
export function planReads(batches: readonly Batch[]): ReadSet {
  const plan = new ReadSet()
  for (const { device, mutations } of batches) {
    for (const { envelope, prepared, storedIn } of mutations) {
      if (storedIn) plan.conflict(storedIn.id, undefined)
      if (storedIn || 'code' in prepared) continue
      const { id, at } = envelope
      plan.of({ id, at: device ? effectiveStamp(at, device) : at, madeAt: at })
      prepared.verb.reads(prepared.args, plan)
    }
  }
  return plan
}

/** Steps 2 to 4. Locks the head of the organisation. @throws {RequestRefusedError} if there is no such organisation */
export async function loadGroup(
  { sql }: Tx,
  orgId: string,
  { batches, plan }: { batches: readonly Batch[]; plan: ReadSet },
): Promise<GroupInputs> {
  const { head, senders, ...rows } = await load(sql, orgId, { batches, plan })
  const canUnblock = !batches.some((batch) => batch.withoutBlocked || isBlockedBatch(batch))
  const blocked = head.blocked > 0 && canUnblock ? await extend(sql, orgId, { batches, plan, senders }) : []
  return {
    head,
    atMsBefore: senders.commitTimes.get(head.version),
    loaded: { ...senders, epoch: head.epoch, blocked },
    areBlockedLeft: head.blocked > 0 && (!canUnblock || blocked.length >= BLOCKED_MAX),
    ...(blocked.length > 0 ? await loadRows(sql, orgId, plan) : rows),
  }
}

/** Step 2: the head, the senders and the planned rows. */
async function load(
  sql: Sql,
  orgId: string,
  { batches, plan }: { batches: readonly Batch[]; plan: ReadSet },
): Promise<GroupRows & { head: Head; senders: Senders }> {
  const locked = lockHead(sql, orgId)
  locked.catch(() => undefined) // awaited below, with the rest
  await planStoredReads(sql, orgId, plan)
  planUndoneCounts(batches, plan)
  const envelopes = envelopesOf(batches)
  const [head, senders, rows] = await Promise.all([
    locked,
    loadSenders(sql, orgId, {
      clientIds: unique(batches.map(({ clientId }) => clientId)),
      userIds: unique(batches.flatMap(authorsOf)),
      sessionIds: unique(batches.flatMap(({ sessionId }) => sessionId ?? [])),
      mutationIds: envelopes.map(({ id }) => id),
      versions: unique(envelopes.flatMap(({ seen }) => seen ?? [])),
    }),
    loadRows(sql, orgId, plan),
  ])
  if (!head) throw new RequestRefusedError('unauthenticated')
  return { head, senders, ...rows }
}

/**
 * Step 3: the mutations that are blocked by something that this group may create, and those blocked by these in turn.
 * Adds what they read to the plan, and the roles of their authors to the senders.
 */
async function extend(
  sql: Sql,
  orgId: string,
  { batches, plan, senders }: { batches: readonly Batch[]; plan: ReadSet; senders: Senders },
): Promise<Conflict[]> {
  const found = new Map<string, Conflict>()
  const searched = new Set<string>()
  let missing = [...envelopesOf(batches).map(({ id }) => id), ...plan.allKeys()]
  while (missing.length > 0 && found.size < BLOCKED_MAX) {
    for (const key of missing) searched.add(key)
    for (const conflict of await loadBlocked(sql, orgId, { missing, limit: BLOCKED_MAX - found.size })) {
      found.set(conflict.id, conflict)
      planConflict(conflict, plan)
    }
    missing = [...found.keys(), ...plan.allKeys()].filter((key) => !searched.has(key))
  }
  const blocked = [...found.values()]
  if (blocked.length === 0) return blocked
  await planStoredReads(sql, orgId, plan)
  planUndoneCounts(batches, plan)
  const authors = { ...NO_SENDERS, userIds: unique(blocked.map(({ userId }) => userId)) }
  for (const [id, role] of (await loadSenders(sql, orgId, authors)).roles) senders.roles.set(id, role)
  return blocked
}

async function loadRows(sql: Sql, orgId: string, plan: ReadSet): Promise<GroupRows> {
  const [rows, alertInputs] = await Promise.all([loadPlannedRows(sql, orgId, plan), loadAlertInputs(sql, orgId, plan)])
  return { rows, alertInputs }
}

/**
 * Adds the reads that only stored rows name: those of the mutations of resolved conflicts, and the positions of planned
 * counts that are approved or closed. This is a round trip of its own, before the rows are loaded.
 */
async function planStoredReads(sql: Sql, orgId: string, plan: ReadSet): Promise<void> {
  const planned = new Set<string>()
  const unplanned = () => [...plan.conflicts.keys()].filter((id) => !planned.has(id))
  // A refused resolution can itself be resolved. Then the conflict that it resolves is read as well.
  for (let ids = unplanned(); ids.length > 0; ids = unplanned()) {
    for (const id of ids) planned.add(id)
    for (const conflict of await loadConflicts(sql, orgId, ids)) planConflict(conflict, plan)
  }
  if (plan.wholeCounts.size > 0) {
    for (const line of await loadLines(sql, orgId, [...plan.wholeCounts.keys()])) {
      plan.row('countLines', line.id)
      if (line.state === 'waiting') planLine(line, plan)
    }
  }
}

/** Adds what approving a line reads. If the group also undoes the approval, that includes the count before it, however old. */
function planLine({ id, countId, at, since, ...position }: CountLine, plan: ReadSet): void {
  const isUndone = [...(plan.wholeCounts.get(countId) ?? [])].some((reader) => plan.undone.has(reader))
  if (isUndone) plan.of({ id }).counted(positionOf(position))
  else plan.of({ id, at, madeAt: at }).counted(positionOf(position), since ?? undefined)
}

/** Adds what deciding a conflict's mutation again reads: unchanged, with corrected arguments, or as its other side. */
function planConflict(conflict: Conflict, plan: ReadSet): void {
  const mutation = mutationOf(conflict)
  plan.of({ id: mutation.id })
  const corrected = (plan.conflicts.get(conflict.id) ?? [undefined]).map((args) => args ?? mutation.args)
  const steps = [...corrected.map((args) => ({ name: mutation.name, args })), ...(otherSide(conflict) ?? [])]
  for (const step of steps) {
    const prepared = prepare(step)
    if (!('code' in prepared)) prepared.verb.reads(prepared.args, plan)
  }
}

/** A count that is undone in the group that made it needs the count before it, however old. */
function planUndoneCounts(batches: readonly Batch[], plan: ReadSet): void {
  if (plan.undone.size === 0) return
  for (const { envelope, prepared } of batches.flatMap(({ mutations }) => mutations)) {
    if (plan.undone.has(envelope.id) && !('code' in prepared))
      prepared.verb.reads(prepared.args, plan.of({ id: envelope.id }))
  }
}

/** The people whose roles matter: the senders, and the authors of refusals that are decided again. */
function authorsOf({ userId, mutations }: Batch): string[] {
  return [userId, ...mutations.flatMap(({ storedIn }) => storedIn?.userId ?? [])]
}

function envelopesOf(batches: readonly Batch[]) {
  return batches.flatMap(({ mutations }) => mutations.map(({ envelope }) => envelope))
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
