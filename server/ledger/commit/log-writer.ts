// Makes the lines of both logs for a commit, in order, each chained to the line before it. Keeps H1–H3.
import type { Change, LedgerEntry } from '#shared/working-set/working-set.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { findVerb } from '#shared/mutations/verbs.ts'
import { FIELD_STAMPS, parsePositionKey } from '#shared/rows/rows.ts'
import type { Decided } from './decide-group.ts'
import { outcomeCode } from './decided-conflicts.ts'
import type { Head } from '../store/head-store.ts'
import type { Lines, MutationLine } from '../store/ledger-write-store.ts'
import type { AuditLine, HashedLogLine } from './log-lines.ts'
import { auditHash, logHash } from './log-lines.ts'

/** The lines of the ledger itself record positions, and alerts follow from them. */
const NOT_AUDITED: readonly Kind[] = ['positions', 'alerts']

/** From this many lines on, they are sent while the next mutations are decided, so that PostgreSQL works in parallel. */
const LINES_MAX = 250

export class LogWriter {
  readonly #nowMs: number
  #lines: Lines = noLines()
  #logNo: number
  #logHash: string
  #auditNo: number
  #auditHash: string
  /** The first line and the number of lines of each mutation that posted entries in this commit. */
  readonly #posted = new Map<string, { from: number; count: number }>()
  /** Mutations whose own line was made before they took effect. */
  readonly #late = new Set<string>()

  constructor(head: Head, nowMs: number) {
    this.#nowMs = nowMs
    this.#logNo = head.logNo
    this.#logHash = head.logHash
    this.#auditNo = head.auditNo
    this.#auditHash = head.auditHash
  }

  add(decided: Decided): void {
    const { batch, envelope, at, outcome, isLate = false } = decided
    if (outcome.status !== 'refused') {
      const { movements, changes } = outcome.effects
      for (const movement of movements) this.#addMovement(decided, movement)
      const by = { action: envelope.name, userId: batch.userId, clientId: batch.clientId, mutationId: envelope.id, at }
      for (const change of changes) {
        if (!NOT_AUDITED.includes(change.kind) && isVisible(change)) this.addAudit(by, change)
        // A refusal that is sent again posts under its own id.
        if (change.kind === 'conflicts' && this.#posted.has(change.key)) this.#late.add(change.key)
      }
    }
    if (isLate) this.#late.add(envelope.id)
    else this.#addMutation(decided)
  }

  heads(): Pick<Head, 'logNo' | 'logHash' | 'auditNo' | 'auditHash'> {
    return { logNo: this.#logNo, logHash: this.#logHash, auditNo: this.#auditNo, auditHash: this.#auditHash }
  }

  get isFull(): boolean {
    return this.#lines.mutations.length + this.#lines.logLines.length >= LINES_MAX
  }

  /** The lines since the last call. */
  flush(): Lines {
    const lines = this.#lines
    this.#lines = noLines()
    // Some took effect after their line was made. One statement cannot both insert and update a line.
    for (const line of lines.mutations) {
      const posted = this.#posted.get(line.id)
      if (posted) Object.assign(line, { log_no: posted.from, log_lines: posted.count })
    }
    return lines
  }

  /** The corrections of lines that were written before their mutation took effect. */
  lateEffects(): Pick<MutationLine, 'id' | 'log_no' | 'log_lines'>[] {
    return [...this.#late].flatMap((id) => {
      const posted = this.#posted.get(id)
      return posted ? [{ id, log_no: posted.from, log_lines: posted.count }] : []
    })
  }

  #addMutation({ batch, envelope, outcome }: Decided): void {
    const { code = null, detail = null } = outcomeCode(outcome) ?? {}
    this.#lines.mutations.push({
      id: envelope.id,
      client_id: batch.clientId,
      seq: envelope.seq,
      // The name of an unknown verb can be any text, and the mutation may be recorded for another reason.
      name: findVerb(envelope.name) ? envelope.name : '',
      user_id: batch.userId,
      code,
      detail,
      log_no: null,
      log_lines: 0,
    })
  }

  #addMovement({ batch }: Decided, movement: LedgerEntry): void {
    const { at, madeAt } = movement.entry
    const { itemId, locationId, lot } = parsePositionKey(movement.position)
    const no = (this.#logNo += 1)
    const posted = this.#posted.get(movement.entry.id)
    this.#posted.set(movement.entry.id, { from: posted?.from ?? no, count: (posted?.count ?? 0) + 1 })
    const line: HashedLogLine = {
      no,
      mutation_id: movement.entry.id,
      kind: movement.kind,
      item_id: itemId,
      location_id: locationId,
      lot,
      amount: movement.entry.amount,
      at,
      made_at: madeAt === undefined || madeAt === at ? null : madeAt,
      user_id: batch.userId,
      client_id: batch.clientId,
      reason: movement.reason ?? null,
      reference: movement.reference ?? null,
      unit_cost: movement.unitCost ?? null,
      voids: movement.voids ?? null,
      recorded_at_ms: this.#nowMs,
    }
    this.#logHash = logHash(this.#logHash, line)
    this.#lines.logLines.push({ ...line, counted_since: movement.since ?? null, hash: `\\x${this.#logHash}` })
  }

  addAudit(by: AuditAuthor, { kind, key, before, after }: Change): void {
    const line: AuditLine = {
      no: (this.#auditNo += 1),
      mutation_id: by.mutationId,
      action: by.action,
      kind,
      key,
      before: before ? plain(before) : null,
      after: plain(after),
      at: by.at,
      user_id: by.userId,
      client_id: by.clientId,
      recorded_at_ms: this.#nowMs,
    }
    this.#auditHash = auditHash(this.#auditHash, line)
    this.#lines.auditLines.push({ ...line, hash: `\\x${this.#auditHash}` })
  }
}

function noLines(): Lines {
  return { logLines: [], auditLines: [], mutations: [] }
}

/** The person, device and mutation behind a change. */
export interface AuditAuthor {
  action: string
  userId: string | null
  clientId: string | null
  mutationId: string | null
  at: string
}

/** False if only fields changed that devices do not see. */
function isVisible({ before, after }: Change): boolean {
  return before === undefined || JSON.stringify(plain(before)) !== JSON.stringify(plain(after))
}

/** A row without the fields that devices do not see. */
function plain(row: Row<Kind>): Record<string, unknown> {
  const { version: _version, [FIELD_STAMPS]: _stamps, ...fields } = row as unknown as Record<string | symbol, unknown>
  return fields
}
