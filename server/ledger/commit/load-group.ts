// Loads what a group works on: the head under its lock, who sends, every row that may be looked at, and what waits for what
// the group brings. Keeps M5.
import { positionOf } from '#shared/working-set/working-set.ts'
import { prepare } from '#shared/mutations/apply.ts'
import { mutationOf, otherSide } from '#shared/mutations/reviews/conflict-ways.ts'
import type { Conflict, CountLine } from '#shared/rows/rows.ts'
import { effectiveStamp } from '#shared/values/stamp.ts'
import type { Tx } from '../../database/database.ts'
import type { Batch } from './batch.ts'
import { wasBlocked, RequestRefusedError } from './batch.ts'
import type { LoadedGroup } from './decide-group.ts'
import { loadAlertInputs } from '../store/alert-inputs-store.ts'
import {
  loadConflicts,
  loadLines,
  loadSenders,
  loadPlannedRows,
  loadBlocked,
  lockHead,
  NO_SENDERS,
} from '../store/ledger-store.ts'
import { ReadSet } from './read-set.ts'

/** What waits for something that a group brings is decided with it; more than this would hold the lock too long. */
export const BLOCKED_MAX = 2_000

/** What a group reads, as far as its mutations say. */
export function collectReads(batches: readonly Batch[]): ReadSet {
  const plan = new ReadSet()
  for (const { device, mutations } of batches) {
    for (const { envelope, prepared, waitedIn } of mutations) {
      if (waitedIn) plan.conflict(waitedIn.id, undefined)
      if (waitedIn || 'code' in prepared) continue
      const { id, at } = envelope
      plan.of({ id, at: device ? effectiveStamp(at, device) : at, madeAt: at })
      prepared.verb.reads(prepared.args, plan)
    }
  }
  return plan
}

/** A count that is undone in the group that made it needs the count before it, however old. */
function undoneCounts(batches: readonly Batch[], plan: ReadSet): void {
  if (plan.undone.size === 0) return
  for (const { envelope, prepared: ready } of batches.flatMap(({ mutations }) => mutations)) {
    if (plan.undone.has(envelope.id) && !('code' in ready)) ready.verb.reads(ready.args, plan.of({ id: envelope.id }))
  }
}

/** Locks the head of the organisation, and loads all that a group works on. */
export async function loadGroup(
  { sql }: Tx,
  orgId: string,
  { batches, wants: plan }: { batches: readonly Batch[]; wants: ReadSet },
) {
  const envelopes = batches.flatMap(({ mutations }) => mutations.map(({ envelope }) => envelope))
  const versions = [...new Set(envelopes.flatMap(({ seen }) => seen ?? []))]
  const unique = (values: string[]) => [...new Set(values)]
  const locked = lockHead(sql, orgId)
  locked.catch(() => undefined) // awaited below, with the rest
  await readNamed(sql, orgId, plan)
  undoneCounts(batches, plan)
  const [head, senders, rows] = await Promise.all([
    locked,
    loadSenders(sql, orgId, {
      clientIds: unique(batches.map((batch) => batch.clientId)),
      userIds: unique(batches.flatMap(authorsOf)),
      sessionIds: unique(batches.flatMap((batch) => batch.sessionId ?? [])),
      mutationIds: envelopes.map(({ id }) => id),
      versions,
    }),
    loadRows(sql, orgId, plan),
  ])
  if (!head) throw new RequestRefusedError('unauthenticated')
  const wakes = !batches.some((batch) => batch.isApart || wasBlocked(batch))
  const waiting = head.waiting > 0 && wakes ? await findWaiting(sql, orgId, { wants: plan, envelopes }) : []
  if (waiting.length > 0) {
    undoneCounts(batches, plan)
    const authors = { ...NO_SENDERS, userIds: unique(waiting.map(({ userId }) => userId)) }
    for (const [id, role] of (await loadSenders(sql, orgId, authors)).roles) senders.roles.set(id, role)
  }
  const loaded: LoadedGroup = {
    ...senders,
    epoch: head.epoch,
    waiting,
  }
  const isWaitingLeft = head.waiting > 0 && (!wakes || waiting.length >= BLOCKED_MAX)
  const atMsBefore = senders.commitTimes.get(head.version)
  return { head, atMsBefore, loaded, isWaitingLeft, ...(waiting.length > 0 ? await loadRows(sql, orgId, plan) : rows) }
}

/** Whose roles count: of whoever sends, and of those whose refusals are decided again. */
function authorsOf({ userId, mutations }: Batch): string[] {
  return [userId, ...mutations.flatMap(({ waitedIn }) => waitedIn?.userId ?? [])]
}

async function loadRows(sql: Tx['sql'], orgId: string, plan: ReadSet) {
  const [preloaded, alertInputs] = await Promise.all([
    loadPlannedRows(sql, orgId, plan),
    loadAlertInputs(sql, orgId, plan),
  ])
  return { shelf: preloaded, forAlerts: alertInputs }
}

/**
 * Adds what only rows can name: what the mutations of resolved conflicts read, and the positions of planned counts that
 * are settled. A trip of its own, before everything is loaded at once.
 */
async function readNamed(sql: Tx['sql'], orgId: string, plan: ReadSet): Promise<void> {
  const asked = new Set<string>()
  // A resolution that was refused can itself be resolved: then what it resolved is read as well.
  for (
    let ids = [...plan.conflicts.keys()];
    ids.length > 0;
    ids = [...plan.conflicts.keys()].filter((id) => !asked.has(id))
  ) {
    for (const id of ids) asked.add(id)
    for (const conflict of await loadConflicts(sql, orgId, ids)) readAgain(conflict, plan)
  }
  if (plan.wholeCounts.size > 0) {
    for (const line of await loadLines(sql, orgId, [...plan.wholeCounts.keys()])) {
      plan.row('countLines', line.id)
      if (line.state === 'waiting') readLine(line, plan)
    }
  }
}

/** What approving a line reads; where its approval is undone in the same group, the count before it as well, however old. */
function readLine({ id, countId, at, since, ...place }: CountLine, plan: ReadSet): void {
  const isUndone = [...(plan.wholeCounts.get(countId) ?? [])].some((reader) => plan.undone.has(reader))
  if (isUndone) plan.of({ id }).counted(positionOf(place))
  else plan.of({ id, at, madeAt: at }).counted(positionOf(place), since ?? undefined)
}

/** What deciding a conflict's mutation again reads: as it was, as it was corrected, or as its other side. */
function readAgain(conflict: Conflict, plan: ReadSet): void {
  const mutation = mutationOf(conflict)
  plan.of({ id: mutation.id })
  const corrected = (plan.conflicts.get(conflict.id) ?? [undefined]).map((args) => args ?? mutation.args)
  const steps = [...corrected.map((args) => ({ name: mutation.name, args })), ...(otherSide(conflict) ?? [])]
  for (const step of steps) {
    const prepared = prepare(step)
    if (!('code' in prepared)) prepared.verb.reads(prepared.args, plan)
  }
}

/** The refusals that wait for something that this group may bring, and for what those bring in turn, with what they read. */
async function findWaiting(
  sql: Tx['sql'],
  orgId: string,
  { wants: plan, envelopes }: { wants: ReadSet; envelopes: readonly { id: string }[] },
): Promise<Conflict[]> {
  const found = new Map<string, Conflict>()
  const asked = new Set<string>()
  let missing = [...envelopes.map(({ id }) => id), ...plan.allKeys()]
  while (missing.length > 0 && found.size < BLOCKED_MAX) {
    for (const key of missing) asked.add(key)
    for (const conflict of await loadBlocked(sql, orgId, { missing, limit: BLOCKED_MAX - found.size })) {
      found.set(conflict.id, conflict)
      readAgain(conflict, plan)
    }
    missing = [...found.keys(), ...plan.allKeys()].filter((key) => !asked.has(key))
  }
  await readNamed(sql, orgId, plan)
  return [...found.values()]
}
