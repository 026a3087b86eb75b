// One transaction: lock, load, decide, write, commit; for a group of batches of one organisation. Keeps P1–P8, H1–H3.
import type { Change } from '#shared/book/book.ts'
import { Book } from '#shared/book/book.ts'
import { prepare } from '#shared/mutations/apply.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Alert, Item, Kind, Position, Row } from '#shared/rows/rows.ts'
import { refuse } from '#shared/values/refusals.ts'
import { effectiveStamp } from '#shared/values/stamp.ts'
import type { CommitNotice } from '../bus/commit-notice.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Batch, BatchAnswer } from './batch.ts'
import { RequestRefused } from './batch.ts'
import { chainHead } from './chain.ts'
import { eventsOf, tablesOf } from './commit-events.ts'
import type { Decided, Loaded, PreparedEnvelope } from './decide-group.ts'
import { codeOf, conflictsOf, GroupDecision } from './decide-group.ts'
import type { Head } from './ledger-store.ts'
import {
  loadCommitTimes,
  loadConflicts,
  loadForAlerts,
  loadKnown,
  loadSenders,
  loadShelf,
  lockHead,
} from './ledger-store.ts'
import { writeAll } from './ledger-write-store.ts'
import { LogWriter } from './log-writer.ts'
import { ReadSet } from './read-set.ts'

/** Which alert rows a change of stock asks for. Handed in by main.ts, so that the ledger does not know of alerts. */
export type JudgeLevels = (change: {
  items: { item: Item; total: number }[]
  positions: Position[]
  open: Alert[]
  nowMs: number
  seed: string
}) => Alert[]

export interface CommitParts {
  database: Database
  judgeLevels: JudgeLevels
  now: () => number
}

export interface Committed {
  answers: (BatchAnswer | RequestRefused)[]
  /** Absent where nothing changed: then there is no new version either. */
  notice?: CommitNotice
}

/** Commits a group of batches of one organisation, or nothing of it. */
export function commitGroup(parts: CommitParts, orgId: string, batches: readonly Batch[]): Promise<Committed> {
  const prepared = batches.map(({ envelopes, poisonous }) =>
    envelopes.map((envelope) => ({ envelope, prepared: poisonous ? refuse('internal_error') : prepare(envelope) })),
  )
  const wants = collectReads(batches, prepared)
  return parts.database.transaction(orgId, async (tx) => {
    const { head, loaded, shelf, forAlerts } = await loadGroup(tx, orgId, { batches, wants })
    const decision = new GroupDecision(new Book(shelf), loaded)
    const answers = batches.map((batch, index) => decideBatch(decision, batch, prepared[index]!))
    const settled = settle(parts, { head, decision, forAlerts, orgId })
    const version = settled?.head.version ?? head.version
    if (settled) writeAll(tx, orgId, settled.writing)
    return {
      answers: answers.map((answer) => (answer instanceof RequestRefused ? answer : { ...answer, version })),
      ...(settled && { notice: settled.notice }),
    }
  })
}

function decideBatch(
  decision: GroupDecision,
  batch: Batch,
  mutations: PreparedEnvelope[],
): BatchAnswer | RequestRefused {
  try {
    const results: PushResult[] = decision.decide(batch, mutations)
    const { lastSeq, lastAt } = decision.deviceOf(batch)
    return { version: 0, lastSeq, lastAt, results }
  } catch (error) {
    if (error instanceof RequestRefused) return error
    throw error
  }
}

function collectReads(batches: readonly Batch[], prepared: PreparedEnvelope[][]): ReadSet {
  const wants = new ReadSet()
  batches.forEach(({ device }, index) => {
    for (const mutation of prepared[index]!) {
      if ('code' in mutation.prepared) continue
      const { at } = mutation.envelope
      wants.earliest = device ? effectiveStamp(at, device) : at
      mutation.prepared.verb.reads(mutation.prepared.args, wants)
    }
  })
  undoneCounts(prepared, wants)
  return wants
}

/** A count that is undone in the group that made it needs the count before it, however old. */
function undoneCounts(prepared: PreparedEnvelope[][], wants: ReadSet): void {
  if (wants.undone.size === 0) return
  wants.earliest = ''
  for (const { envelope, prepared: ready } of prepared.flat()) {
    if (wants.undone.has(envelope.id) && !('code' in ready)) ready.verb.reads(ready.args, wants)
  }
}

async function loadGroup(
  { sql }: Tx,
  orgId: string,
  { batches, wants }: { batches: readonly Batch[]; wants: ReadSet },
) {
  const envelopes = batches.flatMap((batch) => batch.envelopes)
  const versions = [...new Set(envelopes.flatMap(({ seen }) => seen ?? []))]
  const unique = (values: string[]) => [...new Set(values)]
  const locked = lockHead(sql, orgId)
  locked.catch(() => undefined) // awaited below, with the rest
  await readConflicts(sql, orgId, wants)
  const [head, senders, known, commitTimes, shelf, forAlerts] = await Promise.all([
    locked,
    loadSenders(sql, orgId, {
      clientIds: unique(batches.map((batch) => batch.clientId)),
      userIds: unique(batches.map((batch) => batch.userId)),
      sessionIds: unique(batches.flatMap((batch) => batch.sessionId ?? [])),
    }),
    loadKnown(
      sql,
      orgId,
      envelopes.map(({ id }) => id),
    ),
    loadCommitTimes(sql, orgId, versions),
    loadShelf(sql, orgId, wants),
    loadForAlerts(sql, orgId, wants),
  ])
  if (!head) throw new RequestRefused('unauthenticated')
  const loaded: Loaded = {
    ...senders,
    epoch: head.epoch,
    known: new Map(known.map((mutation) => [mutation.id, mutation])),
    commitTimes,
  }
  return { head, loaded, shelf, forAlerts }
}

/**
 * Adds what the mutations of the conflicts read that this group resolves: only their rows say it, so it takes a trip of
 * its own, before everything is loaded at once.
 */
async function readConflicts(sql: Tx['sql'], orgId: string, wants: ReadSet): Promise<void> {
  if (wants.conflicts.size === 0) return
  wants.earliest = ''
  for (const conflict of await loadConflicts(sql, orgId, [...wants.conflicts.keys()])) {
    const mutation = JSON.parse(conflict.mutation) as { name: string; args: unknown }
    for (const args of wants.conflicts.get(conflict.id) ?? []) {
      const prepared = prepare({ name: mutation.name, args: args ?? mutation.args })
      if (!('code' in prepared)) prepared.verb.reads(prepared.args, wants)
    }
  }
}

interface Settling {
  head: Head
  decision: GroupDecision
  forAlerts: { totals: Map<string, number>; alerts: Alert[] }
  orgId: string
}

/** The next version and all that it writes; undefined where the group changed nothing. */
function settle(parts: CommitParts, { head, decision, forAlerts, orgId }: Settling) {
  const { decided, devices, book } = decision
  if (decided.length === 0 && devices.size === 0) return undefined
  const nowMs = parts.now()
  const version = head.version + 1
  const logs = new LogWriter(head, nowMs)
  const changes = new Map<string, Change>()
  for (const one of decided) {
    for (const conflict of conflictsOf(one))
      keep(changes, { kind: 'conflicts', key: conflict.id, before: undefined, after: conflict })
    logs.add(one)
    if (one.outcome.status !== 'refused') for (const change of one.outcome.effects.changes) keep(changes, change)
  }
  for (const alert of judge(parts.judgeLevels, { book, changes, forAlerts, nowMs, decided })) {
    keep(changes, { kind: 'alerts', key: alert.id, before: undefined, after: alert })
  }
  const rows = new Map<Kind, Row<Kind>[]>()
  for (const { kind, after } of changes.values()) {
    if (!rows.has(kind)) rows.set(kind, [])
    rows.get(kind)!.push({ ...after, version } as Row<Kind>)
  }
  const next: Head = { ...head, ...logs.heads(), version }
  const newHead = chainHead(next.logHash, next.auditHash)
  const tables = tablesOf(rows)
  const notice: CommitNotice = {
    orgId,
    epoch: head.epoch,
    from: head.version,
    to: version,
    chainHead: newHead,
    events: eventsOf(changes.values()),
    ...(tables && { tables }),
    lastSeqs: Object.fromEntries([...devices.values()].map(({ clientId, lastSeq }) => [clientId, lastSeq])),
  }
  const mutations = logs.mutations(decided.map((one) => ({ ...one, ...codeOf(one.outcome) })))
  const writing = {
    head: next,
    rows,
    logLines: logs.logLines,
    auditLines: logs.auditLines,
    mutations,
    devices: [...devices.values()],
    commit: { atMs: nowMs, head: newHead },
  }
  return { head: next, notice, writing }
}

/** Keeps the last state of each row, and what it was before the group. */
function keep(changes: Map<string, Change>, change: Change): void {
  const key = `${change.kind} ${change.key}`
  const earlier = changes.get(key)
  changes.set(key, earlier ? { ...change, before: earlier.before } : change)
}

function judge(
  judgeLevels: JudgeLevels,
  {
    book,
    changes,
    forAlerts,
    nowMs,
    decided,
  }: {
    book: Book
    changes: Map<string, Change>
    forAlerts: Settling['forAlerts']
    nowMs: number
    decided: Decided[]
  },
): Alert[] {
  if (!decided.some(({ batch }) => batch.device)) return []
  const positions: Position[] = []
  const deltas = new Map<string, number>()
  const add = (itemId: string, delta: number) => deltas.set(itemId, (deltas.get(itemId) ?? 0) + delta)
  for (const { kind, key, before, after } of changes.values()) {
    if (kind === 'items' && before && changesLevels(before as Item, after as Item)) add(key, 0)
    if (kind !== 'positions') continue
    const position = after as Position
    const delta = position.quantity - ((before as Position | undefined)?.quantity ?? 0)
    if (delta === 0) continue
    positions.push(position)
    add(position.itemId, delta)
  }
  const items = [...deltas].flatMap(([itemId, delta]) => {
    const item = book.row('items', itemId)
    return item ? [{ item, total: (forAlerts.totals.get(itemId) ?? 0) + delta }] : []
  })
  const seed = `${decided[0]!.envelope.id}`
  return judgeLevels({ items, positions, open: forAlerts.alerts, nowMs, seed })
}

function changesLevels(before: Item, after: Item): boolean {
  return before.low !== after.low || before.high !== after.high
}
