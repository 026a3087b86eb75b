// The conflicts that decided mutations open, and the codes in their answers. Keeps M5–M6.
import { derivedId } from '#shared/values/id.ts'
import type { Effects, MergeNote } from '#shared/working-set/working-set.ts'
import type { Outcome } from '#shared/mutations/apply.ts'
import type { Envelope } from '#shared/mutations/envelope.ts'
import { MUTATION_MAX_BYTES } from '#shared/mutations/envelope.ts'
import type { Conflict } from '#shared/rows/rows.ts'
import { isStorable } from '#shared/values/text.ts'
import type { Decided } from './decide-group.ts'

/** True for a refused mutation that takes effect automatically once the row that it names exists. */
export function isBlocked({ kind, code, state }: Conflict): boolean {
  return kind === 'refusal' && code === 'depends_on_missing' && state === 'open'
}

/** The code and detail in the answer to a mutation, now and whenever it is sent again. */
export function outcomeCode(outcome: Outcome): { code: string; detail?: Record<string, unknown> } | undefined {
  if (outcome.status === 'refused') return outcome.refusal
  return outcome.status === 'merged' ? outcome.note : undefined
}

/** The conflicts that a decided mutation opens: its refusal, or its reviews. */
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

function reviewsOf({ notes }: Effects): MergeNote[] {
  return notes.filter((note) => note.review)
}

/** A mutation as its conflict stores it. One that is too large is stored without its arguments; its device still has it. */
function recorded(envelope: Envelope): string {
  const text = asText(envelope)
  if (text !== undefined && Buffer.byteLength(text) <= MUTATION_MAX_BYTES) return text
  return JSON.stringify({ ...envelope, name: isStorable(envelope.name) ? envelope.name.slice(0, 100) : '', args: null })
}

/** Returns undefined if the envelope is nested too deeply to be serialized. */
function asText(envelope: Envelope): string | undefined {
  try {
    return JSON.stringify(envelope)
  } catch {
    return undefined
  }
}
