// Applies a mutation to a working set, in the same way on the device and on the server. Keeps M1–M7.
import type { WorkingSet, Effects, MergeNote } from '../working-set/working-set.ts'
import type { Role } from '../rows/rows.ts'
import { isStorable } from '../values/text.ts'
import type { Refusal } from '../values/refuse.ts'
import { refuse } from '../values/refuse.ts'
import type { Envelope } from './envelope.ts'
import { MUTATION_MAX_BYTES } from './envelope.ts'
import { refuseArgs } from './refuse-args.ts'
import type { DecideContext, Verb } from './verb.ts'
import { hasRole } from './verb.ts'
import { findVerb } from './verbs.ts'

/** A mutation with a known verb and valid arguments. */
export interface Prepared {
  verb: Verb
  args: unknown
}

export type Outcome =
  | { status: 'applied'; effects: Effects }
  | { status: 'merged'; note: MergeNote; effects: Effects }
  | { status: 'refused'; refusal: Refusal }

/** Parses a mutation. Returns a refusal if the verb is unknown or the arguments are not valid. */
export function prepare(mutation: Pick<Envelope, 'name' | 'args'>): Prepared | Refusal {
  const { name, args } = mutation
  const verb = findVerb(name)
  if (!verb) return refuse('unknown_verb', { name: isStorable(name) ? name.slice(0, 100).toWellFormed() : '' })
  // Measured as it is recorded, because a blocked mutation is decided again from its record.
  if (textBytes(mutation) > MUTATION_MAX_BYTES) return refuse('mutation_too_large', { maxBytes: MUTATION_MAX_BYTES })
  const parsed = verb.args.safeParse(args)
  return parsed.success ? { verb, args: parsed.data } : refuseArgs(parsed.error)
}

/** Decides one mutation. A refusal, or a `decide` that throws, leaves the working set as it was. */
export function applyMutation(rows: WorkingSet, prepared: Prepared, context: DecideContext): Outcome {
  const { verb, args } = prepared
  if (!hasRole(context.role, verb.role)) return refused(refuse('role_too_low', { needs: verb.role, has: context.role }))
  const result = rows.attempt(() => verb.decide(rows, args, context))
  if ('refusal' in result) return refused(result.refusal)
  const { effects } = result
  const [note] = effects.notes
  return note ? { status: 'merged', note, effects } : { status: 'applied', effects }
}

export function refused(refusal: Refusal): Outcome & { status: 'refused' } {
  return { status: 'refused', refusal }
}

/** The context of a mutation whose effective stamp is known. */
export function decideContext(envelope: Envelope, by: { userId: string; role: Role; at: string }): DecideContext {
  return { id: envelope.id, madeAt: envelope.at, seen: envelope.seen, strict: envelope.strict === true, ...by }
}

/** The size of a value as JSON in UTF-8, in bytes. A text that is certainly small is not encoded: its length is enough. */
function textBytes(value: unknown): number {
  let text: string
  try {
    text = JSON.stringify(value)
  } catch {
    return Infinity // nested too deeply for JSON, so certainly too large
  }
  return text.length * 3 <= MUTATION_MAX_BYTES ? text.length : new TextEncoder().encode(text).length
}
