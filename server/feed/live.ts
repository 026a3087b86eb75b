// Live: tells every connected device of every commit. A message is a courtesy: losing one costs time, never data.
// Keeps V1–V5.
import type { LiveMessage, LiveRequest } from '#shared/protocol/wire.ts'
import { LIVE_HEAD_INTERVAL_MS } from '#shared/protocol/limits.ts'
import type { Role } from '#shared/rows/rows.ts'
import type { CommitEvent, ServerEvent, SessionsEnded } from '../events/commit-event.ts'
import type { Sql } from '../database/database.ts'
import type { CommitId } from '../events/commit-id.ts'
import { isSameCommit } from '../events/commit-id.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import type { Timer } from './timer.ts'
import { systemTimer } from './timer.ts'
import type { Cursor } from './cursor.ts'
import { readHead } from './feed-store.ts'
import type { PullParts } from './pull.ts'
import { findLost, holds, openCursor } from './pull.ts'
import type { Viewer } from './viewer.ts'
import { visibleTables } from './viewer.ts'

/** A socket that falls further behind than this is told to pull instead: its queue must not grow without end. */
const QUEUE_MAX = 100

export interface Watching {
  signal: AbortSignal
  /** That they came in by. */
  sessionId: string
  /** Undefined for somebody who is out. */
  roleNow: () => Promise<Role | undefined>
}

export class LiveFeed {
  readonly #parts: PullParts
  readonly #propagated: (ms: number) => void
  readonly #alarm: Timer
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #made = new WeakMap<CommitEvent, Map<string, Omit<LiveMessage, 'lastSeq'>>>()

  /** `propagated` is told how long a commit took until all sockets had it, ms. */
  constructor(
    parts: PullParts,
    { propagated = () => undefined, alarm = systemTimer }: { propagated?: (ms: number) => void; alarm?: Timer } = {},
  ) {
    this.#parts = parts
    this.#propagated = propagated
    this.#alarm = alarm
  }

  /** Hands a commit, of this replica or another, to the sockets of its organisation; and ends those of ended sessions. */
  deliver(event: ServerEvent): void {
    const listeners = this.#listeners.get(event.orgId)
    if (!listeners) return
    if (!('epoch' in event)) {
      for (const listener of listeners) if (listener.isOf(event)) listener.end()
      return
    }
    for (const listener of listeners) listener.offer(event)
    const { committedAtMs } = event
    // Once for all of them: each has written its message when this turn of the event loop is over.
    if (committedAtMs !== undefined) setImmediate(() => this.#propagated(Date.now() - committedAtMs))
  }

  /**
   * Messages for one device until `signal` aborts: the head first, then every commit, and a head now and then.
   * `roleNow` says what the person may see at this moment, and is asked again with every head and change of people.
   */
  async *subscribe(viewer: Viewer, request: LiveRequest, watching: Watching): AsyncGenerator<LiveMessage> {
    const { signal, sessionId, roleNow } = watching
    const { cursor, clientId } = request
    const known = cursor === null ? undefined : await openCursor(this.#parts, viewer, cursor)
    const listener = new Listener({ signal, alarm: this.#alarm, who: { userId: viewer.userId, sessionId } })
    this.#add(viewer.orgId, listener)
    try {
      let told = await this.#head(viewer, clientId, known)
      yield { ...told.message, from: known?.version ?? 0 }
      while (!signal.aborted) {
        const event = await listener.next()
        if (signal.aborted) return
        if (event === 'end') throw new RequestRefusedError('unauthenticated')
        if (event !== 'head' && isKnown(event, told)) continue
        if (event === 'head' || event.tables?.members) await checkRole(viewer, roleNow)
        const next =
          event !== 'head' && follows(event, told)
            ? this.#following(event, viewer, { clientId, lastSeq: told.message.lastSeq })
            : this.#notBefore(told, event, await this.#head(viewer, clientId, seenBy(viewer, told)))
        if (next.message.epoch !== told.message.epoch)
          throw new RequestRefusedError('epoch_changed', { lastSeq: next.message.lastSeq })
        yield next.message
        told = next
      }
    } finally {
      this.#remove(viewer.orgId, listener)
    }
  }

  /** `known` is how far the device has come: one that is ahead of its primary would take every message for an old one. */
  async #head(viewer: Viewer, clientId: string | undefined, known?: Cursor): Promise<Told> {
    const { primary, cursors, isReplica } = this.#parts
    const read = (sql: Sql) => readHead(sql, viewer, { clientId, cursorVersion: known?.version })
    const head = await primary.snapshot(viewer.orgId, read)
    if (!head) throw new RequestRefusedError('unauthenticated')
    const isBehind = known && !isReplica && !(head.epoch === known.epoch && holds(head, known))
    if (isBehind) await findLost(this.#parts, viewer, known)
    const { epoch, version, chainHead, lastSeq } = head
    const commitId: CommitId = { chainHead, atMs: head.atMs ?? undefined }
    const cursor = cursors.encode(viewer.orgId, { epoch, version, role: viewer.role, ...commitId })
    return { message: { epoch, from: version, to: version, cursor, lastSeq, events: [] }, mark: commitId }
  }

  /**
   * The head; of a replica that is behind what was told already, or behind the commit that it is asked for, the news of
   * that commit alone: a poke to pull.
   */
  #notBefore({ message, mark: commitId }: Told, event: CommitEvent | 'head', head: Told): Told {
    const { epoch, to, cursor } = message
    const reached = Math.max(to, event === 'head' ? 0 : event.to)
    if (!this.#parts.isReplica || head.message.epoch !== epoch || head.message.to >= reached) return head
    return { message: { ...head.message, from: to, to: reached, cursor }, mark: commitId }
  }

  #following(
    event: CommitEvent,
    viewer: Viewer,
    { clientId, lastSeq }: { clientId: string | undefined; lastSeq: number },
  ): Told {
    const { chainHead, atMs, deviceUsers, lastSeqs } = event
    const isOwn = clientId !== undefined && (deviceUsers === undefined || deviceUsers[clientId] === viewer.userId)
    const message = { ...this.#shared(event, viewer), lastSeq: (isOwn && lastSeqs[clientId]) || lastSeq }
    return { message, mark: { chainHead, atMs } }
  }

  /** What all sockets of a kind of viewer get of a commit: made once, however many they are. */
  #shared(event: CommitEvent, viewer: Viewer): Omit<LiveMessage, 'lastSeq'> {
    const { orgId, epoch, from, to, chainHead, atMs, tables, events } = event
    // Of conflicts each sees their own; everything else is the same for a role.
    const who = viewer.role === 'manager' || !tables?.conflicts ? viewer.role : `${viewer.role} ${viewer.userId}`
    let known = this.#made.get(event)
    if (!known) this.#made.set(event, (known = new Map()))
    let made = known.get(who)
    if (!made) {
      const cursor = this.#parts.cursors.encode(orgId, { epoch, version: to, role: viewer.role, chainHead, atMs })
      const visible = viewer.role === 'manager' ? events : events.filter(({ type }) => type !== 'conflict_changed')
      made = { epoch, from, to, cursor, events: visible, ...(tables && { tables: visibleTables(tables, viewer) }) }
      known.set(who, made)
    }
    return made
  }

  #add(orgId: string, listener: Listener): void {
    const listeners = this.#listeners.get(orgId)
    if (listeners) listeners.add(listener)
    else this.#listeners.set(orgId, new Set([listener]))
  }

  #remove(orgId: string, listener: Listener): void {
    const listeners = this.#listeners.get(orgId)
    listeners?.delete(listener)
    if (listeners?.size === 0) this.#listeners.delete(orgId)
  }
}

async function checkRole(viewer: Viewer, roleNow: Watching['roleNow']): Promise<void> {
  const role = await roleNow()
  if (role === undefined) throw new RequestRefusedError('unauthenticated')
  if (role !== viewer.role) throw new RequestRefusedError('resnapshot')
}

/** What a socket was told last, and which commit that was: a database that lost commits goes on from another. */
interface Told {
  message: LiveMessage
  mark: CommitId
}

function isKnown(event: CommitEvent, { message, mark: commitId }: Told): boolean {
  const { epoch, to } = event
  return epoch === message.epoch && (to < message.to || (to === message.to && isSameCommit(event, commitId)))
}

function follows({ epoch, from, chainBefore, atMsBefore }: CommitEvent, { message, mark: commitId }: Told): boolean {
  if (epoch !== message.epoch || from !== message.to) return false
  return chainBefore === undefined || isSameCommit({ chainHead: chainBefore, atMs: atMsBefore }, commitId)
}

/** How far a socket has come, as the cursor of its device says it. */
function seenBy({ role }: Viewer, { message, mark: commitId }: Told): Cursor {
  return { epoch: message.epoch, version: message.to, role, ...commitId }
}

/** The queue of one socket. */
class Listener {
  readonly #signal: AbortSignal
  readonly #alarm: Timer
  readonly #who: { userId: string; sessionId: string }
  #queue: (CommitEvent | 'head')[] = []
  #isEnded = false
  #wake: (() => void) | undefined

  constructor(parts: { signal: AbortSignal; alarm: Timer; who: { userId: string; sessionId: string } }) {
    const { signal, alarm, who } = parts
    this.#signal = signal
    this.#alarm = alarm
    this.#who = who
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  offer(event: CommitEvent): void {
    if (this.#queue.length >= QUEUE_MAX) this.#queue = ['head']
    else this.#queue.push(event)
    this.#wake?.()
  }

  isOf(ended: SessionsEnded): boolean {
    return 'endedUser' in ended ? ended.endedUser === this.#who.userId : ended.endedSession === this.#who.sessionId
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  /** The next notice, 'head' after a silence, or 'end' where the session is over. */
  async next(): Promise<CommitEvent | 'head' | 'end'> {
    if (this.#queue.length === 0 && !this.#signal.aborted && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        const callOff = this.#alarm(LIVE_HEAD_INTERVAL_MS, resolve)
        this.#wake = () => {
          callOff()
          resolve()
        }
      })
      this.#wake = undefined
    }
    return this.#isEnded ? 'end' : (this.#queue.shift() ?? 'head')
  }
}
