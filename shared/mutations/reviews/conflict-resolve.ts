import * as z from 'zod/mini'
import type { WorkingSet } from '../../working-set/working-set.ts'
import type { Conflict } from '../../rows/rows.ts'
import { type ConflictId, idOf } from '../../values/id.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import { textSchema } from '../../values/text.ts'
import { mutationOf, otherSide } from './conflict-ways.ts'
import { refuseArgs } from '../refuse-args.ts'
import type { DecideContext, Verb } from '../verb.ts'
import { defineVerb, hasRole } from '../verb.ts'

const args = z.strictObject({
  id: idOf<ConflictId>(),
  choice: z.enum(['resend', 'record', 'keep', 'take', 'discard']),
  args: z.optional(z.record(textSchema(100), z.unknown())),
  reason: z.optional(textSchema(500)),
})
type Args = z.infer<typeof args>
type FindVerb = (name: string) => Verb | undefined

/** A refusal is sent again, recorded anyway, or discarded. A review keeps the current value or takes the other one. */
const CHOICES: Record<Conflict['kind'], readonly Args['choice'][]> = {
  refusal: ['resend', 'record', 'discard'],
  review: ['keep', 'take', 'discard'],
}

/** Resolves a refusal or a review. It runs other verbs, so it receives the list of them. */
export function conflictResolveVerb(find: FindVerb) {
  return defineVerb({
    name: 'conflict.resolve',
    args,
    role: 'staff',
    refusals: 'any',
    reads({ id, args }, plan) {
      plan.conflict(id, args)
    },
    decide(rows, resolution, context) {
      const { id, choice } = resolution
      const conflict = rows.row('conflicts', id)
      if (!conflict) return refuse('depends_on_missing', { kind: 'conflicts', id })
      if (conflict.userId !== context.userId && !hasRole(context.role, 'manager')) return refuse('not_yours', { id })
      if (conflict.state !== 'open') return refuse('not_open', { id })
      if (!CHOICES[conflict.kind].includes(choice)) return refuse('bad_args', { choice })
      if (choice === 'take') {
        const refusal = applyOtherValue(rows, { conflict, context }, find)
        if (refusal) return refusal
      }
      if (choice === 'resend' || choice === 'record') {
        const refusal = decideAgain(rows, { conflict, resolution, context }, find)
        if (refusal) {
          rows.note('still_refused', { id, code: refusal.code })
          const mutation = correctedText(conflict, resolution)
          rows.put('conflicts', { ...conflict, code: refusal.code, detail: refusal.detail ?? null, mutation })
          return undefined
        }
        rows.recordEffect(id, { name: mutationOf(conflict).name, userId: conflict.userId })
      }
      const { detail } = conflict
      const detailWithReason = resolution.reason === undefined ? detail : { ...detail, reason: resolution.reason }
      rows.put('conflicts', { ...conflict, state: 'resolved', resolution: choice, detail: detailWithReason })
      return undefined
    },
  })
}

/** Applies the other value of a review now, as a change by the person who decides. */
function applyOtherValue(
  rows: WorkingSet,
  { conflict, context }: { conflict: Conflict; context: DecideContext },
  find: FindVerb,
): Refusal | undefined {
  const steps = otherSide(conflict)
  if (!steps) return refuse('bad_args', { choice: 'take' })
  for (const { name, args, isDue } of steps) {
    if (isDue?.(rows) === false) continue
    const refusal = decideAs(rows, { name, args, context }, find)
    if (refusal) return refusal
  }
  return undefined
}

/** Decides a refused mutation again, with the role of the person who resolves it. */
function decideAgain(
  rows: WorkingSet,
  { conflict, resolution, context }: { conflict: Conflict; resolution: Args; context: DecideContext },
  find: FindVerb,
): Refusal | undefined {
  const again = asItself(conflict, context.role)
  const strict = again.context.strict && resolution.choice !== 'record'
  const args = resolution.args ?? again.args
  return decideAs(rows, { name: again.name, args, context: { ...again.context, strict } }, find)
}

/** The corrected mutation of a refusal that stays open. It may only be blocked, and then takes effect as corrected. */
function correctedText(conflict: Conflict, { choice, args }: Args): string {
  if (args === undefined && choice !== 'record') return conflict.mutation
  const mutation = mutationOf(conflict)
  return JSON.stringify({ ...mutation, ...(args && { args }), ...(choice === 'record' && { strict: false }) })
}

/** A refused mutation as it was: at its own time, under its own id, by its author. */
export function asItself(
  conflict: Conflict,
  role: DecideContext['role'],
): { name: string; args: unknown; context: DecideContext } {
  const { id, name, args, at: madeAt, strict } = mutationOf(conflict)
  return {
    name,
    args,
    context: { id, at: conflict.at, madeAt, userId: conflict.userId, role, strict: strict === true },
  }
}

function decideAs(
  rows: WorkingSet,
  { name, args, context }: { name: string; args: unknown; context: DecideContext },
  find: FindVerb,
): Refusal | undefined {
  const verb = find(name)
  if (!verb) return refuse('unknown_verb', { name })
  if (!hasRole(context.role, verb.role)) return refuse('role_too_low', { needs: verb.role })
  const parsed = verb.args.safeParse(args)
  if (!parsed.success) return refuseArgs(parsed.error)
  return verb.decide(rows, parsed.data, context)
}
