// Makes the lines of both logs for a group, in order, each chained to the one before. Keeps H1–H3.
import type { Change, Movement } from '#shared/book/book.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { FIELD_STAMPS, parsePositionKey } from '#shared/rows/rows.ts'
import type { Decided } from './decide-group.ts'
import type { Head } from './ledger-store.ts'
import type { MutationLine } from './ledger-write-store.ts'
import type { AuditLine, LogLine } from './log-lines.ts'
import { auditHash, logHash } from './log-lines.ts'

/** Positions are told by the ledger itself; alerts follow from it. */
const NOT_AUDITED: readonly Kind[] = ['positions', 'alerts']

export class LogWriter {
  readonly logLines: (LogLine & { hash: string })[] = []
  readonly auditLines: (AuditLine & { hash: string })[] = []
  readonly #nowMs: number
  #logNo: number
  #logHash: string
  #auditNo: number
  #auditHash: string
  /** Where a mutation's lines begin, and how many they are. */
  readonly #lines = new Map<string, { from: number; count: number }>()

  constructor(head: Head, nowMs: number) {
    this.#nowMs = nowMs
    this.#logNo = head.logNo
    this.#logHash = head.logHash
    this.#auditNo = head.auditNo
    this.#auditHash = head.auditHash
  }

  add(decided: Decided): void {
    if (decided.outcome.status === 'refused') return
    const { movements, changes } = decided.outcome.effects
    for (const movement of movements) this.#addMovement(decided, movement)
    const { batch, envelope, at } = decided
    const by = { action: envelope.name, userId: batch.userId, clientId: batch.clientId, mutationId: envelope.id, at }
    for (const change of changes) if (!NOT_AUDITED.includes(change.kind)) this.addAudit(by, change)
  }

  heads(): Pick<Head, 'logNo' | 'logHash' | 'auditNo' | 'auditHash'> {
    return { logNo: this.#logNo, logHash: this.#logHash, auditNo: this.#auditNo, auditHash: this.#auditHash }
  }

  /** The lines of `mutations`: those decided now, and earlier ones that took effect only now (sent again). */
  mutations(decided: (Decided & { code?: string; detail?: Record<string, unknown> })[]): MutationLine[] {
    // What waited for another mutation of this group was decided twice; how it ended in the end counts.
    const lines = new Map<string, MutationLine>()
    for (const { batch, envelope, code, detail, outcome } of decided) {
      const posted = this.#lines.get(envelope.id)
      lines.set(envelope.id, {
        id: envelope.id,
        client_id: batch.clientId,
        seq: envelope.seq,
        name: outcome.status === 'refused' && code === 'unknown_verb' ? '' : envelope.name,
        user_id: batch.userId,
        code: code ?? null,
        detail: detail ?? null,
        log_no: posted?.from ?? null,
        log_lines: posted?.count ?? 0,
      })
    }
    this.#addSentAgain(lines, decided)
    return [...lines.values()]
  }

  #addSentAgain(lines: Map<string, MutationLine>, decided: Decided[]): void {
    for (const { outcome } of decided) {
      if (outcome.status === 'refused') continue
      for (const { kind, after } of outcome.effects.changes) {
        if (kind !== 'conflicts') continue
        const conflict = after as Row<'conflicts'>
        const posted = this.#lines.get(conflict.id)
        if (!posted || lines.has(conflict.id)) continue
        const { name } = JSON.parse(conflict.mutation) as { name: string }
        lines.set(conflict.id, {
          id: conflict.id,
          client_id: conflict.clientId,
          seq: conflict.seq,
          name,
          user_id: conflict.userId,
          code: conflict.code,
          detail: conflict.detail,
          log_no: posted.from,
          log_lines: posted.count,
        })
      }
    }
  }

  #addMovement({ batch }: Decided, movement: Movement): void {
    const { at, madeAt } = movement.entry
    const { itemId, locationId, lot } = parsePositionKey(movement.position)
    const no = (this.#logNo += 1)
    const posted = this.#lines.get(movement.entry.id)
    this.#lines.set(movement.entry.id, { from: posted?.from ?? no, count: (posted?.count ?? 0) + 1 })
    const line: LogLine = {
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
    this.logLines.push({ ...line, hash: this.#logHash })
  }

  addAudit(by: AuditBy, { kind, key, before, after }: Change): void {
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
    this.auditLines.push({ ...line, hash: this.#auditHash })
  }
}

/** Who changed a row, by which act. */
export interface AuditBy {
  action: string
  userId: string | null
  clientId: string | null
  mutationId: string | null
  at: string
}

/** A row without what is the server's own business. */
function plain(row: Row<Kind>): Record<string, unknown> {
  const { version: _version, [FIELD_STAMPS]: _stamps, ...fields } = row as unknown as Record<string | symbol, unknown>
  return fields
}
