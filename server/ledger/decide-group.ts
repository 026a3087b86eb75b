// Deciding a group of batches over one Book: numbering, idempotency, effective stamps, verbs. Pure: no clock, no I/O.
// Keeps P1–P6, T1–T4, M5.
import { derivedId } from '#shared/values/id.ts'
import { effectiveStamp } from '#shared/values/stamp.ts'
import type { Effects, Note } from '#shared/book/book.ts'
import type { Book } from '#shared/book/book.ts'
import type { Outcome, Prepared } from '#shared/mutations/apply.ts'
import { applyMutation, refused, stampOf } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { MUTATION_MAX_BYTES } from '#shared/mutations/envelope.ts'
import type { PushResult } from '#shared/protocol/wire.ts'
import type { Conflict, Role } from '#shared/rows/rows.ts'
import { isStorable } from '#shared/values/text.ts'
import type { Refusal } from '#shared/values/refusals.ts'
import { refuse } from '#shared/values/refusals.ts'
import type { Batch } from './batch.ts'
import { RequestRefused } from './batch.ts'
import type { DeviceRow, KnownMutation, Senders } from './ledger-store.ts'

/** What was loaded for a group besides the Book's shelf. */
export interface Loaded extends Senders {
  epoch: number
  known: Map<string, KnownMutation>
  commitTimes: Map<number, number>
}

/** One mutation that was decided now, and what it did. */
export interface Decided {
  batch: Batch
  envelope: Envelope
  at: string
  outcome: Outcome
}

export type PreparedEnvelope = { envelope: Envelope; prepared: Prepared | Refusal }

export class GroupDecision {
  readonly book: Book
  readonly decided: Decided[] = []
  readonly devices = new Map<string, DeviceRow>()
  readonly #loaded: Loaded

  constructor(book: Book, loaded: Loaded) {
    this.book = book
    this.#loaded = loaded
  }

  /** Decides a batch. @throws {RequestRefused} before anything of it has taken effect. */
  decide(batch: Batch, mutations: readonly PreparedEnvelope[]): PushResult[] {
    const role = this.#loaded.roles.get(batch.userId)
    const isOut = batch.sessionId !== undefined && !this.#loaded.sessions.has(batch.sessionId)
    if (role === undefined || isOut) throw new RequestRefused('unauthenticated', 0)
    if (batch.device) this.#checkDevice(batch, role)
    return mutations.map((mutation) => this.#decideOne(batch, role, mutation))
  }

  deviceOf({ clientId, userId }: Batch): DeviceRow {
    const known = this.devices.get(clientId) ?? this.#loaded.devices.get(clientId)
    return known ?? { clientId, userId, lastSeq: 0, lastAt: null }
  }

  #checkDevice(batch: Batch, role: Role): void {
    const device = this.deviceOf(batch)
    if (device.userId !== batch.userId) throw new RequestRefused('device_taken', 0)
    const { lastSeq } = device
    if (role === 'viewer') throw new RequestRefused('role_too_low', lastSeq)
    if (batch.device!.epoch !== this.#loaded.epoch) throw new RequestRefused('epoch_changed', lastSeq)
    const [first] = batch.envelopes
    if (first && first.seq > lastSeq + 1) throw new RequestRefused('gap', lastSeq)
    for (const { seq, id } of batch.envelopes) {
      const known = this.#loaded.known.get(id)
      const isOther = known === undefined || (known.clientId === batch.clientId && known.seq !== seq)
      if (seq <= lastSeq && isOther) throw new RequestRefused('seq_reused', lastSeq)
    }
  }

  #decideOne(batch: Batch, role: Role, { envelope, prepared }: PreparedEnvelope): PushResult {
    const { seq, id } = envelope
    const device = this.deviceOf(batch)
    const known = this.#loaded.known.get(id)
    if (known) {
      if (batch.device && seq > device.lastSeq) this.devices.set(batch.clientId, { ...device, lastSeq: seq })
      return { seq, status: 'duplicate', ...answerOf(known.code, known.detail) }
    }
    const at = this.#place(batch, envelope)
    const outcome = this.#run(prepared, { envelope, role, userId: batch.userId, at })
    this.decided.push({ batch, envelope, at, outcome })
    if (batch.device) this.devices.set(batch.clientId, { ...device, lastSeq: seq, lastAt: at })
    const { code = null, detail = null } = codeOf(outcome) ?? {}
    this.#loaded.known.set(id, { id, clientId: batch.clientId, seq, code, detail })
    return { seq, status: outcome.status, ...answerOf(code, detail), ...(at !== envelope.at && { at }) }
  }

  #run(
    prepared: Prepared | Refusal,
    { envelope, ...by }: { envelope: Envelope; role: Role; userId: string; at: string },
  ): Outcome {
    if ('code' in prepared) return refused(prepared)
    try {
      return applyMutation(this.book, prepared, stampOf(envelope, by))
    } catch (error) {
      return refused(refuse('internal_error', { error: String(error).slice(0, 200) }))
    }
  }

  /** Where in time a mutation stands: devices' stamps are corrected, the server's own work keeps its stamps. */
  #place(batch: Batch, { at, seen }: Envelope): string {
    if (!batch.device) return at
    const { deviceNow, serverNow } = batch.device
    const seenAt = seen === undefined ? undefined : this.#loaded.commitTimes.get(seen)
    const last = this.deviceOf(batch).lastAt ?? undefined
    return effectiveStamp(at, { deviceNow, serverNow, seenAt, last })
  }
}

/** The code and detail that a mutation is answered with, now and whenever it is sent again. */
export function codeOf(outcome: Outcome): { code: string; detail?: Record<string, unknown> } | undefined {
  if (outcome.status === 'refused') return outcome.refusal
  return outcome.status === 'merged' ? outcome.note : undefined
}

function answerOf(code: string | null, detail: Record<string, unknown> | null) {
  return { ...(code !== null && { code }), ...(detail !== null && { detail }) }
}

/** The conflicts that a decided mutation leaves behind: its refusal, or the reviews it asks for. */
export function conflictsOf({ batch, envelope, at, outcome }: Decided): Conflict[] {
  const reviews = outcome.status === 'merged' ? reviewsOf(outcome.effects) : []
  if (outcome.status !== 'refused' && reviews.length === 0) return []
  const shared = {
    clientId: batch.clientId,
    seq: envelope.seq,
    userId: batch.userId,
    state: 'open',
    resolution: null,
    mutation: recorded(envelope),
    at,
    version: 0,
  } as const
  if (outcome.status === 'refused') {
    const { code, detail = null } = outcome.refusal
    return [{ ...shared, id: envelope.id, kind: 'refusal', code, detail }]
  }
  return reviews.map(({ code, detail = null }, index) => ({
    ...shared,
    id: derivedId(envelope.id, `${code} ${index}`),
    kind: 'review',
    code,
    detail,
  }))
}

function reviewsOf({ notes }: Effects): Note[] {
  return notes.filter((note) => note.review)
}

/** A mutation as its conflict keeps it. What is too large to keep says so; its sender has it still. */
function recorded(envelope: Envelope): string {
  const text = JSON.stringify(envelope)
  if (Buffer.byteLength(text) <= MUTATION_MAX_BYTES) return text
  return JSON.stringify({ ...envelope, name: isStorable(envelope.name) ? envelope.name.slice(0, 100) : '', args: null })
}
