// Decides a group of batches over one working set: numbering, idempotency, effective stamps, verbs. Pure: no clock, no I/O.
// Keeps P1–P6, T1–T4, M5.
import { effectiveStamp } from '#shared/values/stamp.ts'
import type { Change } from '#shared/working-set/working-set.ts'
import type { WorkingSet } from '#shared/working-set/working-set.ts'
import type { Outcome, Prepared } from '#shared/mutations/apply.ts'
import { hasRole } from '#shared/mutations/verb.ts'
import { applyMutation, prepare, refused, decideContext } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Conflict, Role } from '#shared/rows/rows.ts'
import type { Refusal } from '#shared/values/refuse.ts'
import { refuse } from '#shared/values/refuse.ts'
import type { Batch, PreparedEnvelope } from './batch.ts'
import { RequestRefusedError } from '../../process/request-refused.ts'
import { isBlockedBatch } from './batch.ts'
import { conflictsOf, isBlocked, outcomeCode } from './decided-conflicts.ts'
import type { DeviceRow, Senders } from '../store/senders-store.ts'

/** What was loaded for a group besides the rows. */
export interface LoadedGroup extends Senders {
  epoch: number
  /** The stored mutations that this group may unblock. */
  blocked: Conflict[]
}

/** One mutation that was decided in this group, and its effects. */
export interface Decided {
  batch: Batch
  envelope: Envelope
  at: string
  outcome: Outcome
  /** True if the mutation was blocked and recorded before. */
  isLate?: true
}

export class GroupDecision {
  readonly workingSet: WorkingSet
  readonly decided: Decided[]
  readonly devices = new Map<string, DeviceRow>()
  /** Each changed row, as it was before the group and as it is after it. */
  readonly changes = new Map<string, Change>()
  readonly #loaded: LoadedGroup
  /** The ids of blocked mutations, by the key that they need. */
  readonly #blocked = new Map<string, Set<string>>()

  constructor(workingSet: WorkingSet, loaded: LoadedGroup, decided: Decided[] = []) {
    this.workingSet = workingSet
    this.decided = decided
    this.#loaded = loaded
    for (const conflict of loaded.blocked) {
      workingSet.setConfirmed('conflicts', conflict)
      this.#addBlocked(conflict)
    }
  }

  /** Decides a batch, one mutation after the other. @throws {RequestRefusedError} before any of them has taken effect */
  *decide(batch: Batch): Generator<PushResult> {
    if (isBlockedBatch(batch)) {
      for (const mutation of batch.mutations) yield this.#retry(mutation)
      return
    }
    const role = this.#loaded.roles.get(batch.userId)
    const isSignedOut = batch.sessionId !== undefined && !this.#loaded.sessions.has(batch.sessionId)
    if (role === undefined || isSignedOut) throw new RequestRefusedError('unauthenticated', { lastSeq: 0 })
    if (batch.device) this.#checkDevice(batch)
    for (const mutation of batch.mutations) yield this.#decideOne(batch, role, mutation)
  }

  /** Everything that a blocked mutation may need: rows and barcodes by their keys, mutations and refusals by their ids. */
  createdKeys(): string[] {
    const effective = this.decided.filter(({ outcome }) => outcome.status !== 'refused')
    return [
      ...new Set([...this.changes.values()].map(({ key }) => key)),
      ...effective.map(({ envelope }) => envelope.id),
    ]
  }

  deviceOf({ clientId, userId }: Batch): DeviceRow {
    const known = this.devices.get(clientId) ?? this.#loaded.devices.get(clientId)
    return known ?? { clientId, userId, lastSeq: 0, lastAt: null }
  }

  #checkDevice(batch: Batch): void {
    const device = this.deviceOf(batch)
    if (device.userId !== batch.userId) throw new RequestRefusedError('device_taken', { lastSeq: 0 })
    const { lastSeq } = device
    if (batch.device!.epoch !== this.#loaded.epoch) throw new RequestRefusedError('epoch_changed', { lastSeq })
    const [first] = batch.mutations
    if (first && first.envelope.seq > lastSeq + 1) throw new RequestRefusedError('gap', { lastSeq })
    for (const { envelope } of batch.mutations) {
      const { seq, id } = envelope
      const known = this.#loaded.known.get(id)
      const isReused = known === undefined || (known.clientId === batch.clientId && known.seq !== seq)
      if (seq <= lastSeq && isReused) throw new RequestRefusedError('seq_reused', { lastSeq })
    }
  }

  #decideOne(batch: Batch, role: Role, { envelope, prepared }: PreparedEnvelope): PushResult {
    const repeated = this.repeatAnswer(batch, envelope)
    if (repeated) return repeated
    const { seq, id } = envelope
    const device = this.deviceOf(batch)
    const at = this.#effectiveStamp(batch, envelope)
    const outcome = this.#run(prepared, { envelope, role, userId: batch.userId, at })
    this.#applyDecision({ batch, envelope, at, outcome })
    if (batch.device) this.devices.set(batch.clientId, { ...device, lastSeq: seq, lastAt: at })
    const { code = null, detail = null } = outcomeCode(outcome) ?? {}
    this.#loaded.known.set(id, { id, clientId: batch.clientId, seq, code, detail })
    return { seq, status: outcome.status, ...answerOf(code, detail), ...(at !== envelope.at && { at }) }
  }

  /** The recorded answer to a mutation that was decided before. Returns undefined if the mutation is new. */
  repeatAnswer(batch: Batch, { seq, id }: Envelope): PushResult | undefined {
    const known = this.#loaded.known.get(id)
    if (!known) return undefined
    const device = this.deviceOf(batch)
    if (batch.device && seq > device.lastSeq) this.devices.set(batch.clientId, { ...device, lastSeq: seq })
    return { seq, status: 'duplicate', ...answerOf(known.code, known.detail) }
  }

  /** Records the outcome of a mutation, and decides the mutations that it unblocks. */
  #applyDecision(decided: Decided): void {
    this.decided.push(decided)
    const { batch, envelope, outcome } = decided
    const changes = outcome.status === 'refused' ? [] : outcome.effects.changes
    if (outcome.status !== 'refused')
      this.workingSet.recordEffect(envelope.id, { name: envelope.name, userId: batch.userId })
    for (const change of changes) this.#addChange(change)
    const conflicts = conflictsOf(decided)
    for (const conflict of conflicts) this.#record(conflict)
    for (const { kind, after } of changes) if (kind === 'conflicts') this.#addBlocked(after as Conflict)
    if (this.#blocked.size === 0) return
    for (const { key } of changes) this.#unblock(key)
    for (const { id } of conflicts) this.#unblock(id)
    if (outcome.status !== 'refused') this.#unblock(envelope.id)
  }

  #record(conflict: Conflict): void {
    this.#addChange({ kind: 'conflicts', key: conflict.id, before: undefined, after: conflict })
    this.workingSet.setConfirmed('conflicts', conflict)
    this.#addBlocked(conflict)
  }

  #addChange(change: Change): void {
    const key = `${change.kind} ${change.key}`
    const earlier = this.changes.get(key)
    this.changes.set(key, earlier ? { ...change, before: earlier.before } : change)
  }

  #addBlocked(conflict: Conflict): void {
    if (!isBlocked(conflict)) return
    const missing = String(conflict.detail?.['id'])
    if (!this.#blocked.has(missing)) this.#blocked.set(missing, new Set())
    this.#blocked.get(missing)!.add(conflict.id)
  }

  /** Decides the mutations that needed `key`, in the order of their stamps. */
  #unblock(key: string): void {
    const ids = this.#blocked.get(key)
    if (!ids) return
    this.#blocked.delete(key)
    const conflicts = [...ids].map((id) => this.workingSet.row('conflicts', id)!).filter(isBlocked)
    for (const conflict of conflicts.toSorted((a, b) => (a.at < b.at || (a.at === b.at && a.id < b.id) ? -1 : 1)))
      this.#redecide(conflict)
  }

  /** Decides a blocked mutation again, unless its conflict was resolved in the meantime. */
  #retry({ prepared, storedIn }: PreparedEnvelope): PushResult {
    const { id, seq } = storedIn!
    const conflict = this.workingSet.row('conflicts', id)
    if (!conflict || !isBlocked(conflict)) return { seq, status: 'refused' }
    return { seq, status: this.#redecide(conflict, prepared) }
  }

  #redecide(conflict: Conflict, parsed?: Prepared | Refusal): Outcome['status'] {
    const envelope = JSON.parse(conflict.mutation) as Envelope
    const { at, userId, clientId } = conflict
    const prepared = parsed ?? prepare(envelope)
    const outcome = this.#run(prepared, { envelope, role: this.#roleFor(userId, prepared), userId, at })
    if (outcome.status === 'refused') {
      const { code, detail = null } = outcome.refusal
      if (code === conflict.code && detail?.['id'] === conflict.detail?.['id']) this.#addBlocked(conflict)
      else this.#change(conflict, { code, detail })
      return outcome.status
    }
    this.#change(conflict, { state: 'resolved', resolution: 'arrived' })
    const batch = { userId, clientId, mutations: [] }
    this.#applyDecision({ batch, envelope, at, outcome, isLate: true })
    return outcome.status
  }

  #change(before: Conflict, change: Partial<Conflict>): void {
    const after = { ...before, ...change }
    this.#addChange({ kind: 'conflicts', key: before.id, before, after })
    this.workingSet.setConfirmed('conflicts', after)
    this.#addBlocked(after)
  }

  /** The author's current role, but at least the role that the verb requires: they had it when they made the mutation. */
  #roleFor(userId: string, prepared: Prepared | Refusal): Role {
    const role = this.#loaded.roles.get(userId) ?? 'viewer'
    return 'code' in prepared || hasRole(role, prepared.verb.role) ? role : prepared.verb.role
  }

  #run(
    prepared: Prepared | Refusal,
    { envelope, ...by }: { envelope: Envelope; role: Role; userId: string; at: string },
  ): Outcome {
    if ('code' in prepared) return refused(prepared)
    try {
      return applyMutation(this.workingSet, prepared, decideContext(envelope, by))
    } catch (error) {
      return refused(refuse('internal_error', { error: String(error).slice(0, 200) }))
    }
  }

  /** Stamps of devices are corrected. The server's own stamps are not. */
  #effectiveStamp(batch: Batch, { at, seen }: Envelope): string {
    if (!batch.device) return at
    const { deviceNow, serverNow } = batch.device
    const seenAt = seen === undefined ? undefined : this.#loaded.commitTimes.get(seen)
    const last = this.deviceOf(batch).lastAt ?? undefined
    return effectiveStamp(at, { deviceNow, serverNow, seenAt, last })
  }
}

function answerOf(code: string | null, detail: Record<string, unknown> | null) {
  return { ...(code !== null && { code }), ...(detail !== null && { detail }) }
}
