// Loads what a group works on: the head under its lock, who sends, every row that may be looked at, and what waits for what
// the group brings. Keeps M5.
import { positionOf } from '#shared/working-set/working-set.ts'
import { prepare } from '#shared/mutations/apply.ts'
import { mutationOf, otherSide } from '#shared/mutations/reviews/conflict-ways.ts'
import type { Conflict, CountLine } from '#shared/rows/rows.ts'
import { effectiveStamp } from '#shared/values/stamp.ts'
import type { Tx } from '../../database/database.ts'
import type { Batch } from './batch.ts'
import { hasWaited, RequestRefused } from './batch.ts'
import type { Loaded } from './decide-group.ts'
import { loadForAlerts } from '../store/alert-inputs-store.ts'
import {
  loadConflicts,
  loadLines,
  loadSenders,
  loadShelf,
  loadWaiting,
  lockHead,
  NOBODY,
} from '../store/ledger-store.ts'
import { ReadSet } from './read-set.ts'

/** What waits for something that a group brings is decided with it; more than this would hold the lock too long. */
export const WAITING_MAX = 2_000

/** What a group reads, as far as its mutations say. */
export function collectReads(batches: readonly Batch[]): ReadSet {
  const wants = new ReadSet()
  for (const { device, mutations } of batches) {
    for (const { envelope, prepared, waitedIn } of mutations) {
      if (waitedIn) wants.conflict(waitedIn.id, undefined)
      if (waitedIn || 'code' in prepared) continue
      const { id, at } = envelope
      wants.of({ id, at: device ? effectiveStamp(at, device) : at, madeAt: at })
      prepared.verb.reads(prepared.args, wants)
    }
  }
  return wants
}

/** A count that is undone in the group that made it needs the count before it, however old. */
function undoneCounts(batches: readonly Batch[], wants: ReadSet): void {
  if (wants.undone.size === 0) return
  for (const { envelope, prepared: ready } of batches.flatMap(({ mutations }) => mutations)) {
    if (wants.undone.has(envelope.id) && !('code' in ready)) ready.verb.reads(ready.args, wants.of({ id: envelope.id }))
  }
}

/** Locks the head of the organisation, and loads all that a group works on. */
export async function loadGroup(
  { sql }: Tx,
  orgId: string,
  { batches, wants }: { batches: readonly Batch[]; wants: ReadSet },
) {
  const envelopes = batches.flatMap(({ mutations }) => mutations.map(({ envelope }) => envelope))
  const versions = [...new Set(envelopes.flatMap(({ seen }) => seen ?? []))]
  const unique = (values: string[]) => [...new Set(values)]
  const locked = lockHead(sql, orgId)
  locked.catch(() => undefined) // awaited below, with the rest
  await readNamed(sql, orgId, wants)
  undoneCounts(batches, wants)
  const [head, senders, rows] = await Promise.all([
    locked,
    loadSenders(sql, orgId, {
      clientIds: unique(batches.map((batch) => batch.clientId)),
      userIds: unique(batches.flatMap(authorsOf)),
      sessionIds: unique(batches.flatMap((batch) => batch.sessionId ?? [])),
      mutationIds: envelopes.map(({ id }) => id),
      versions,
    }),
    loadRows(sql, orgId, wants),
  ])
  if (!head) throw new RequestRefused('unauthenticated')
  const wakes = !batches.some((batch) => batch.isApart || hasWaited(batch))
  const waiting = head.waiting > 0 && wakes ? await findWaiting(sql, orgId, { wants, envelopes }) : []
  if (waiting.length > 0) {
    undoneCounts(batches, wants)
    const authors = { ...NOBODY, userIds: unique(waiting.map(({ userId }) => userId)) }
    for (const [id, role] of (await loadSenders(sql, orgId, authors)).roles) senders.roles.set(id, role)
  }
  const loaded: Loaded = {
    ...senders,
    epoch: head.epoch,
    waiting,
  }
  const isWaitingLeft = head.waiting > 0 && (!wakes || waiting.length >= WAITING_MAX)
  const atMsBefore = senders.commitTimes.get(head.version)
  return { head, atMsBefore, loaded, isWaitingLeft, ...(waiting.length > 0 ? await loadRows(sql, orgId, wants) : rows) }
}

/** Whose roles count: of whoever sends, and of those whose refusals are decided again. */
function authorsOf({ userId, mutations }: Batch): string[] {
  return [userId, ...mutations.flatMap(({ waitedIn }) => waitedIn?.userId ?? [])]
}

async function loadRows(sql: Tx['sql'], orgId: string, wants: ReadSet) {
  const [shelf, forAlerts] = await Promise.all([loadShelf(sql, orgId, wants), loadForAlerts(sql, orgId, wants)])
  return { shelf, forAlerts }
}

/**
 * Adds what only rows can name: what the mutations of resolved conflicts read, and the positions of planned counts that
 * are settled. A trip of its own, before everything is loaded at once.
 */
async function readNamed(sql: Tx['sql'], orgId: string, wants: ReadSet): Promise<void> {
  const asked = new Set<string>()
  // A resolution that was refused can itself be resolved: then what it resolved is read as well.
  for (
    let ids = [...wants.conflicts.keys()];
    ids.length > 0;
    ids = [...wants.conflicts.keys()].filter((id) => !asked.has(id))
  ) {
    for (const id of ids) asked.add(id)
    for (const conflict of await loadConflicts(sql, orgId, ids)) readAgain(conflict, wants)
  }
  if (wants.wholeCounts.size > 0) {
    for (const line of await loadLines(sql, orgId, [...wants.wholeCounts.keys()])) {
      wants.row('countLines', line.id)
      if (line.state === 'waiting') readLine(line, wants)
    }
  }
}

/** What approving a line reads; where its approval is undone in the same group, the count before it as well, however old. */
function readLine({ id, countId, at, since, ...place }: CountLine, wants: ReadSet): void {
  const isUndone = [...(wants.wholeCounts.get(countId) ?? [])].some((reader) => wants.undone.has(reader))
  if (isUndone) wants.of({ id }).counted(positionOf(place))
  else wants.of({ id, at, madeAt: at }).counted(positionOf(place), since ?? undefined)
}

/** What deciding a conflict's mutation again reads: as it was, as it was corrected, or as its other side. */
function readAgain(conflict: Conflict, wants: ReadSet): void {
  const mutation = mutationOf(conflict)
  wants.of({ id: mutation.id })
  const corrected = (wants.conflicts.get(conflict.id) ?? [undefined]).map((args) => args ?? mutation.args)
  const steps = [...corrected.map((args) => ({ name: mutation.name, args })), ...(otherSide(conflict) ?? [])]
  for (const step of steps) {
    const prepared = prepare(step)
    if (!('code' in prepared)) prepared.verb.reads(prepared.args, wants)
  }
}

/** The refusals that wait for something that this group may bring, and for what those bring in turn, with what they read. */
async function findWaiting(
  sql: Tx['sql'],
  orgId: string,
  { wants, envelopes }: { wants: ReadSet; envelopes: readonly { id: string }[] },
): Promise<Conflict[]> {
  const found = new Map<string, Conflict>()
  const asked = new Set<string>()
  let missing = [...envelopes.map(({ id }) => id), ...wants.allKeys()]
  while (missing.length > 0 && found.size < WAITING_MAX) {
    for (const key of missing) asked.add(key)
    for (const conflict of await loadWaiting(sql, orgId, { missing, limit: WAITING_MAX - found.size })) {
      found.set(conflict.id, conflict)
      readAgain(conflict, wants)
    }
    missing = [...found.keys(), ...wants.allKeys()].filter((key) => !asked.has(key))
  }
  await readNamed(sql, orgId, wants)
  return [...found.values()]
}
