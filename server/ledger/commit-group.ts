// One transaction: lock, load, decide, write, commit; for a group of batches of one organisation. Keeps P1–P8, H1–H3.
import { setImmediate as sent } from 'node:timers/promises'
import type { Change } from '#shared/book/book.ts'
import { Book, positionOf } from '#shared/book/book.ts'
import { prepare } from '#shared/mutations/apply.ts'
import { mutationOf, otherSide } from '#shared/mutations/conflict-ways.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Alert, Conflict, Item, Kind, Level, Position, Row } from '#shared/rows/rows.ts'
import { levelKey } from '#shared/rows/rows.ts'
import { effectiveStamp } from '#shared/values/stamp.ts'
import type { CommitNotice } from '../bus/commit-notice.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Batch, BatchAnswer } from './batch.ts'
import { hasWaited, RequestRefused } from './batch.ts'
import { chainHead } from './chain.ts'
import { eventsOf, tablesOf } from './commit-events.ts'
import type { Decided, Loaded } from './decide-group.ts'
import { GroupDecision, isWaiting } from './decide-group.ts'
import type { ForAlerts } from './for-alerts-store.ts'
import { loadForAlerts } from './for-alerts-store.ts'
import type { Head } from './ledger-store.ts'
import { loadConflicts, loadLines, loadSenders, loadShelf, loadWaiting, lockHead, NOBODY } from './ledger-store.ts'
import { writeClosing, writeLines } from './ledger-write-store.ts'
import { LogWriter } from './log-writer.ts'
import { ReadSet } from './read-set.ts'

/** Which alert rows a change of stock asks for. Handed in by main.ts, so that the ledger does not know of alerts. */
export type JudgeLevels = (change: {
  items: { item: Item; total: number }[]
  places: { level: Level; total: number }[]
  positions: Position[]
  open: Alert[]
  nowMs: number
  seed: string
}) => Alert[]

/** What waits for something that a group brings is decided with it; more than this would hold the lock too long. */
export const WAITING_MAX = 2_000

export interface CommitParts {
  database: Database
  judgeLevels: JudgeLevels
  now: () => number
}

export interface Committed {
  answers: (BatchAnswer | RequestRefused)[]
  /** Absent where nothing changed: then there is no new version either. */
  notice?: CommitNotice
  /** What this group brought, where something that was not decided with it may wait for that. */
  left: readonly string[]
}

/** Errors of groups that decided what had waited, too: without that they may succeed. */
const whileWaking = new WeakSet<object>()

export function failedWaking(error: unknown): boolean {
  return whileWaking.has(error as object)
}

/** Commits a group of batches of one organisation, or nothing of it. @throws see also `failedWaking` */
export async function commitGroup(parts: CommitParts, orgId: string, batches: readonly Batch[]): Promise<Committed> {
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
  parts: CommitParts,
  orgId: string,
  { batches, decided }: { batches: readonly Batch[]; decided: Decided[] },
): Promise<Committed> {
  const wants = collectReads(batches)
  return parts.database.transaction(orgId, async (tx) => {
    const { head, loaded, shelf, forAlerts, isWaitingLeft } = await loadGroup(tx, orgId, { batches, wants })
    const decision = new GroupDecision(new Book(shelf), loaded, decided)
    const nowMs = parts.now()
    const version = head.version + 1
    const logs = new LogWriter(head, nowMs)
    const answers: (BatchAnswer | RequestRefused)[] = []
    const write = async () => {
      writeLines(tx, orgId, { version, lines: logs.take() })
      await sent() // PostgreSQL writes these while the next mutations are decided
    }
    for (const batch of batches) answers.push(await decideBatch({ decision, logs, write, version }, batch))
    if (decision.devices.size === 0 && decision.changes.size === 0 && decision.decided.length === 0)
      return { answers: at(answers, head.version), left: [] }
    const { closing, notice } = settle(parts, { head, decision, forAlerts, orgId, logs, nowMs })
    writeClosing(tx, orgId, closing)
    return { answers, notice, left: isWaitingLeft ? decision.brought() : [] }
  })
}

/** Answers of a group that changed nothing: it made no version. */
function at(answers: (BatchAnswer | RequestRefused)[], version: number): (BatchAnswer | RequestRefused)[] {
  return answers.map((answer) => (answer instanceof RequestRefused ? answer : { ...answer, version }))
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
): Promise<BatchAnswer | RequestRefused> {
  const results: PushResult[] = []
  let written = decision.decided.length
  try {
    for (const result of decision.decide(batch)) {
      results.push(result)
      for (; written < decision.decided.length; written++) logs.add(decision.decided[written]!)
      if (logs.isFull) await write()
    }
  } catch (error) {
    if (error instanceof RequestRefused) return error
    throw error
  }
  const { lastSeq, lastAt } = decision.deviceOf(batch)
  return { version, lastSeq, lastAt, results }
}

function collectReads(batches: readonly Batch[]): ReadSet {
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

async function loadGroup(
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
  return { head, loaded, isWaitingLeft, ...(waiting.length > 0 ? await loadRows(sql, orgId, wants) : rows) }
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
    for (const line of await loadLines(sql, orgId, [...wants.wholeCounts])) {
      wants.row('countLines', line.id)
      const { id, at, since } = line
      if (line.state === 'waiting') wants.of({ id, at, madeAt: at }).counted(positionOf(line), since ?? undefined)
    }
  }
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

interface Settling {
  head: Head
  decision: GroupDecision
  forAlerts: ForAlerts
  orgId: string
  logs: LogWriter
  nowMs: number
}

/** What a group writes at its end, and what it tells the world. */
function settle(parts: CommitParts, { head, decision, forAlerts, orgId, logs, nowMs }: Settling) {
  const { decided, devices, book, changes } = decision
  const version = head.version + 1
  const waiting = head.waiting + newlyWaiting(changes)
  for (const alert of judge(parts.judgeLevels, { book, changes, forAlerts, nowMs, decided })) {
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
  const notice: CommitNotice = {
    orgId,
    epoch: head.epoch,
    from: head.version,
    to: version,
    chainHead: newHead,
    events: eventsOf(changes.values()),
    ...(tables && { tables }),
    lastSeqs: Object.fromEntries([...devices.values()].map(({ clientId, lastSeq }) => [clientId, lastSeq])),
    deviceUsers: Object.fromEntries([...devices.values()].map(({ clientId, userId }) => [clientId, userId])),
  }
  const tookEffect = logs.tookEffect()
  const commit = { atMs: nowMs, head: newHead }
  const lines = logs.take()
  return { closing: { head: next, lines, rows, tookEffect, devices: [...devices.values()], commit }, notice }
}

/** How many more refusals wait than before. */
function newlyWaiting(changes: Map<string, Change>): number {
  let count = 0
  for (const { kind, before, after } of changes.values()) {
    if (kind !== 'conflicts') continue
    count += Number(isWaiting(after as Conflict)) - Number(before !== undefined && isWaiting(before as Conflict))
  }
  return count
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
  const isLate = decided.length > 0 && decided.every((one) => one.isLate)
  if (!isLate && !decided.some(({ batch }) => batch.device)) return []
  const positions: Position[] = []
  const ofItems = new Sums()
  const ofPlaces = new Sums()
  for (const { kind, key, before, after } of changes.values()) {
    if (kind === 'items' && before && changesLevels(before as Item, after as Item)) ofItems.add(key, 0)
    if (kind === 'levels') ofPlaces.add(key, 0)
    if (kind !== 'positions') continue
    const position = after as Position
    const delta = position.quantity - ((before as Position | undefined)?.quantity ?? 0)
    if (delta === 0) continue
    positions.push(position)
    ofItems.add(position.itemId, delta)
    ofPlaces.add(levelKey(position.itemId, position.locationId), delta)
  }
  const items = [...ofItems.sums].flatMap(([id, delta]) => {
    const item = book.row('items', id)
    return item ? [{ item, total: (forAlerts.totals.get(id) ?? 0) + delta }] : []
  })
  const places = placesOf(forAlerts, changes).flatMap(({ level, total }) => {
    const delta = ofPlaces.sums.get(levelKey(level.itemId, level.locationId))
    return delta === undefined ? [] : [{ level, total: total + delta }]
  })
  const open = forAlerts.alerts.map((alert) => (changes.get(`alerts ${alert.id}`)?.after as Alert | undefined) ?? alert)
  const seed = `${decided[0]!.envelope.id}`
  return judgeLevels({ items, places, positions, open, nowMs, seed })
}

class Sums {
  readonly sums = new Map<string, number>()
  add(key: string, delta: number): void {
    this.sums.set(key, (this.sums.get(key) ?? 0) + delta)
  }
}

/** The levels of single places, as this group leaves them. */
function placesOf({ places }: ForAlerts, changes: Map<string, Change>): ForAlerts['places'] {
  const known = new Map(places.map((place) => [levelKey(place.level.itemId, place.level.locationId), place]))
  for (const { kind, key, after } of changes.values()) {
    if (kind === 'levels') known.set(key, { level: after as Level, total: known.get(key)?.total ?? 0 })
  }
  return [...known.values()]
}

function changesLevels(before: Item, after: Item): boolean {
  return before.low !== after.low || before.high !== after.high
}
