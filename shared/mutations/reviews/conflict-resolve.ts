import * as z from 'zod/mini'
import type { WorkingSet } from '../../working-set/working-set.ts'
import type { Conflict } from '../../rows/rows.ts'
import { idSchema } from '../../values/id.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'
import { textSchema } from '../../values/text.ts'
import { mutationOf, otherSide } from './conflict-ways.ts'
import { refuseArgs } from '../refuse-args.ts'
import type { DecideContext, Verb } from '../verb.ts'
import { defineVerb, hasRole } from '../verb.ts'

const args = z.strictObject({
  id: idSchema,
  choice: z.enum(['resend', 'record', 'keep', 'take', 'discard']),
  args: z.optional(z.record(textSchema(100), z.unknown())),
  reason: z.optional(textSchema(500)),
})
type Args = z.infer<typeof args>
type FindVerb = (name: string) => Verb | undefined

/** A refusal is sent again, recorded all the same, or discarded; of a review one side is kept, or the other taken. */
const CHOICES: Record<Conflict['kind'], readonly Args['choice'][]> = {
  refusal: ['resend', 'record', 'discard'],
  review: ['keep', 'take', 'discard'],
}

/** The way out of a refusal or a review. It runs other verbs, so it is made with the list of them. */
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
        const refusal = takeOtherSide(rows, { conflict, stamp: context }, find)
        if (refusal) return refusal
      }
      if (choice === 'resend' || choice === 'record') {
        const refusal = sendAgain(rows, { conflict, resolution, stamp: context }, find)
        if (refusal) {
          rows.note('still_refused', { id, code: refusal.code })
          const mutation = correctedText(conflict, resolution)
          rows.put('conflicts', { ...conflict, code: refusal.code, detail: refusal.detail ?? null, mutation })
          return undefined
        }
        rows.recordEffect(id, { name: mutationOf(conflict).name, userId: conflict.userId })
      }
      const { detail } = conflict
      const told = resolution.reason === undefined ? detail : { ...detail, reason: resolution.reason }
      rows.put('conflicts', { ...conflict, state: 'resolved', resolution: choice, detail: told })
      return undefined
    },
  })
}

/** The other side is taken now, by whoever decides so: it is a change of its own. */
function takeOtherSide(
  rows: WorkingSet,
  { conflict, stamp: context }: { conflict: Conflict; stamp: DecideContext },
  find: FindVerb,
): Refusal | undefined {
  const steps = otherSide(conflict)
  if (!steps) return refuse('bad_args', { choice: 'take' })
  for (const { name, args, isDue } of steps) {
    if (isDue?.(rows) === false) continue
    const refusal = decideAs(rows, { name, args, stamp: context }, find)
    if (refusal) return refusal
  }
  return undefined
}

/** Decides a refused mutation again, by the role of whoever resolves it. */
function sendAgain(
  rows: WorkingSet,
  { conflict, resolution, stamp: context }: { conflict: Conflict; resolution: Args; stamp: DecideContext },
  find: FindVerb,
): Refusal | undefined {
  const again = asItself(conflict, context.role)
  const strict = again.stamp.strict && resolution.choice !== 'record'
  const args = resolution.args ?? again.args
  return decideAs(rows, { name: again.name, args, stamp: { ...again.stamp, strict } }, find)
}

/** What is still refused is kept as it was corrected: it may only have to wait, and then takes effect so. */
function correctedText(conflict: Conflict, { choice, args }: Args): string {
  if (args === undefined && choice !== 'record') return conflict.mutation
  const mutation = mutationOf(conflict)
  return JSON.stringify({ ...mutation, ...(args && { args }), ...(choice === 'record' && { strict: false }) })
}

/** A refused mutation as it was: at its own place in time, under its own id, by its author. */
export function asItself(
  conflict: Conflict,
  role: DecideContext['role'],
): { name: string; args: unknown; stamp: DecideContext } {
  const { id, name, args, at: madeAt, strict } = mutationOf(conflict)
  return { name, args, stamp: { id, at: conflict.at, madeAt, userId: conflict.userId, role, strict: strict === true } }
}

function decideAs(
  rows: WorkingSet,
  { name, args, stamp: context }: { name: string; args: unknown; stamp: DecideContext },
  find: FindVerb,
): Refusal | undefined {
  const verb = find(name)
  if (!verb) return refuse('unknown_verb', { name })
  if (!hasRole(context.role, verb.role)) return refuse('role_too_low', { needs: verb.role })
  const parsed = verb.args.safeParse(args)
  if (!parsed.success) return refuseArgs(parsed.error)
  return verb.decide(rows, parsed.data, context)
}
