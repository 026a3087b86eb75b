// Live: sends every commit to every connected device. Losing a message costs time, never data. Keeps V1–V5.
import type { LiveMessage, LiveRequest } from '#shared/protocol/wire.ts'
import type { Role } from '#shared/rows/rows.ts'
import type { CommitEvent, ServerEvent } from '../events/commit-event.ts'
import type { Sql } from '../database/database.ts'
import type { CommitId } from '../events/commit-id.ts'
import { isSameCommit } from '../events/commit-id.ts'
import { RequestRefusedError } from '../process/request-refused.ts'
import type { Timer } from './timer.ts'
import { systemTimer } from './timer.ts'
import type { Cursor } from './cursor.ts'
import { readHead } from './feed-store.ts'
import { LiveQueue } from './live-queue.ts'
import type { PullParts } from './pull.ts'
import { holds, openCursor, requireNotLost } from './pull.ts'
import type { Viewer } from './viewer.ts'
import { visibleTables } from './viewer.ts'

export interface Subscriber {
  signal: AbortSignal
  sessionId: string
  /** The current role. Undefined if the session has ended or the person is disabled. */
  currentRole: () => Promise<Role | undefined>
}

export class LiveFeed {
  readonly #parts: PullParts
  readonly #onPropagated: (ms: number) => void
  readonly #timer: Timer
  readonly #queues = new Map<string, Set<LiveQueue>>()
  readonly #sharedMessages = new WeakMap<CommitEvent, Map<string, Omit<LiveMessage, 'lastSeq'>>>()

  /** `propagated` is called with the time from a commit until all sockets had its message, ms. */
  constructor(
    parts: PullParts,
    { propagated = () => undefined, timer = systemTimer }: { propagated?: (ms: number) => void; timer?: Timer } = {},
  ) {
    this.#parts = parts
    this.#onPropagated = propagated
    this.#timer = timer
  }

  /** Gives a commit of this or another server to the sockets of its organisation, or closes the sockets of ended sessions. */
  deliver(event: ServerEvent): void {
    const queues = this.#queues.get(event.orgId)
    if (!queues) return
    if (!('epoch' in event)) {
      for (const queue of queues) if (queue.isOf(event)) queue.end()
      return
    }
    for (const queue of queues) queue.offer(event)
    const { committedAtMs } = event
    // Measured once for all sockets: each has written its message by the end of this turn of the event loop.
    if (committedAtMs !== undefined) setImmediate(() => this.#onPropagated(Date.now() - committedAtMs))
  }

  /**
   * Messages for one device until `signal` aborts: the head first, then every commit, and a head after a silence. The role
   * is checked again with every head and every change of people.
   */
  async *subscribe(viewer: Viewer, request: LiveRequest, subscriber: Subscriber): AsyncGenerator<LiveMessage> {
    const { signal, sessionId, currentRole } = subscriber
    const { cursor, clientId } = request
    const known = cursor === null ? undefined : await openCursor(this.#parts, viewer, cursor)
    const queue = new LiveQueue({ signal, timer: this.#timer, owner: { userId: viewer.userId, sessionId } })
    this.#add(viewer.orgId, queue)
    try {
      let last = await this.#head(viewer, clientId, known)
      yield { ...last.message, from: known?.version ?? 0 }
      while (!signal.aborted) {
        const event = await queue.next()
        if (signal.aborted) return
        if (event === 'end') throw new RequestRefusedError('unauthenticated')
        if (event !== 'head' && isKnown(event, last)) continue
        if (event === 'head' || event.tables?.members) await checkRole(viewer, currentRole)
        const next =
          event !== 'head' && follows(event, last)
            ? this.#following(event, viewer, { clientId, lastSeq: last.message.lastSeq })
            : this.#notBefore(last, event, await this.#head(viewer, clientId, seenBy(viewer, last)))
        if (next.message.epoch !== last.message.epoch)
          throw new RequestRefusedError('epoch_changed', { lastSeq: next.message.lastSeq })
        yield next.message
        last = next
      }
    } finally {
      this.#remove(viewer.orgId, queue)
    }
  }

  /** `known` is the cursor of the device. If it is ahead of the primary, commits were lost, and all messages would seem old. */
  async #head(viewer: Viewer, clientId: string | undefined, known?: Cursor): Promise<Sent> {
    const { primary, cursors, isReplica } = this.#parts
    const read = (sql: Sql) => readHead(sql, viewer, { clientId, cursorVersion: known?.version })
    const head = await primary.snapshot(viewer.orgId, read)
    if (!head) throw new RequestRefusedError('unauthenticated')
    const isBehind = known && !isReplica && !(head.epoch === known.epoch && holds(head, known))
    if (isBehind) await requireNotLost(this.#parts, viewer, known)
    const { epoch, version, chainHead, lastSeq } = head
    const commitId: CommitId = { chainHead, atMs: head.atMs ?? undefined }
    const cursor = cursors.encode(viewer.orgId, { epoch, version, role: viewer.role, ...commitId })
    return { message: { epoch, from: version, to: version, cursor, lastSeq, events: [] }, commitId }
  }

  /**
   * The head. If the replica is behind the last message or the commit of `event`, returns a poke for that commit instead.
   */
  #notBefore({ message, commitId }: Sent, event: CommitEvent | 'head', head: Sent): Sent {
    const { epoch, to, cursor } = message
    const reached = Math.max(to, event === 'head' ? 0 : event.to)
    if (!this.#parts.isReplica || head.message.epoch !== epoch || head.message.to >= reached) return head
    return { message: { ...head.message, from: to, to: reached, cursor }, commitId }
  }

  #following(
    event: CommitEvent,
    viewer: Viewer,
    { clientId, lastSeq }: { clientId: string | undefined; lastSeq: number },
  ): Sent {
    const { chainHead, atMs, deviceUsers, lastSeqs } = event
    const isOwn = clientId !== undefined && (deviceUsers === undefined || deviceUsers[clientId] === viewer.userId)
    const message = { ...this.#shared(event, viewer), lastSeq: (isOwn && lastSeqs[clientId]) || lastSeq }
    return { message, commitId: { chainHead, atMs } }
  }

  /** The part of a message that is the same for all sockets of a kind of viewer. It is made once per commit. */
  #shared(event: CommitEvent, viewer: Viewer): Omit<LiveMessage, 'lastSeq'> {
    const { orgId, epoch, from, to, chainHead, atMs, tables, events } = event
    // Staff and viewers see only their own conflicts. Everything else is the same for all people of a role.
    const viewerKind = viewer.role === 'manager' || !tables?.conflicts ? viewer.role : `${viewer.role} ${viewer.userId}`
    let known = this.#sharedMessages.get(event)
    if (!known) this.#sharedMessages.set(event, (known = new Map()))
    let made = known.get(viewerKind)
    if (!made) {
      const cursor = this.#parts.cursors.encode(orgId, { epoch, version: to, role: viewer.role, chainHead, atMs })
      const visible = viewer.role === 'manager' ? events : events.filter(({ type }) => type !== 'conflict_changed')
      made = { epoch, from, to, cursor, events: visible, ...(tables && { tables: visibleTables(tables, viewer) }) }
      known.set(viewerKind, made)
    }
    return made
  }

  #add(orgId: string, queue: LiveQueue): void {
    const queues = this.#queues.get(orgId)
    if (queues) queues.add(queue)
    else this.#queues.set(orgId, new Set([queue]))
  }

  #remove(orgId: string, queue: LiveQueue): void {
    const queues = this.#queues.get(orgId)
    queues?.delete(queue)
    if (queues?.size === 0) this.#queues.delete(orgId)
  }
}

async function checkRole(viewer: Viewer, currentRole: Subscriber['currentRole']): Promise<void> {
  const role = await currentRole()
  if (role === undefined) throw new RequestRefusedError('unauthenticated')
  if (role !== viewer.role) throw new RequestRefusedError('resnapshot')
}

/** The last message of a socket, and its commit: a database that lost commits continues from another commit. */
interface Sent {
  message: LiveMessage
  commitId: CommitId
}

function isKnown(event: CommitEvent, { message, commitId }: Sent): boolean {
  const { epoch, to } = event
  return epoch === message.epoch && (to < message.to || (to === message.to && isSameCommit(event, commitId)))
}

function follows({ epoch, from, chainBefore, atMsBefore }: CommitEvent, { message, commitId }: Sent): boolean {
  if (epoch !== message.epoch || from !== message.to) return false
  return chainBefore === undefined || isSameCommit({ chainHead: chainBefore, atMs: atMsBefore }, commitId)
}

/** The cursor of the device after the last message. */
function seenBy({ role }: Viewer, { message, commitId }: Sent): Cursor {
  return { epoch: message.epoch, version: message.to, role, ...commitId }
}
