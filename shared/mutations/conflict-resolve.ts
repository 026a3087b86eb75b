import { z } from 'zod'
import type { Book } from '../book/book.ts'
import type { Conflict } from '../rows/rows.ts'
import { idSchema } from '../values/id.ts'
import type { Refusal } from '../values/refusals.ts'
import { refuse } from '../values/refusals.ts'
import { textSchema } from '../values/text.ts'
import type { Stamp, Verb } from './verb.ts'
import { defineVerb, mayAct } from './verb.ts'

const args = z.strictObject({
  id: idSchema,
  choice: z.enum(['resend', 'record', 'keep', 'take', 'discard']),
  args: z.record(z.string(), z.unknown()).optional(),
  reason: textSchema(500).optional(),
})
type Args = z.infer<typeof args>

/** The way out of a refusal or a review. It runs other verbs, so it is made with the list of them. */
export function conflictResolveVerb(find: (name: string) => Verb | undefined): Verb {
  return defineVerb<Args>({
    name: 'conflict.resolve',
    args,
    role: 'staff',
    reads({ id, args }, wants) {
      wants.conflict(id, args)
    },
    decide(book, resolution, stamp) {
      const { id, choice } = resolution
      const conflict = book.row('conflicts', id)
      if (!conflict) return refuse('depends_on_missing', { kind: 'conflicts', id })
      if (conflict.userId !== stamp.userId && !mayAct(stamp.role, 'manager')) return refuse('not_yours', { id })
      if (conflict.state !== 'open') return refuse('not_open', { id })
      if (choice === 'take') return refuse('bad_args', { choice })
      if ((choice === 'resend' || choice === 'record') && conflict.kind === 'refusal') {
        const refusal = decideAgain(book, { conflict, resolution, stamp }, find)
        if (refusal) {
          book.note('still_refused', { id, code: refusal.code })
          book.put('conflicts', { ...conflict, code: refusal.code, detail: refusal.detail ?? null })
          return undefined
        }
      }
      book.put('conflicts', { ...conflict, state: 'resolved', resolution: choice })
      return undefined
    },
  })
}

/** Decides a refused mutation again, as itself and at its own place in time, by the role of whoever resolves it. */
function decideAgain(
  book: Book,
  { conflict, resolution, stamp }: { conflict: Conflict; resolution: Args; stamp: Stamp },
  find: (name: string) => Verb | undefined,
): Refusal | undefined {
  const mutation = JSON.parse(conflict.mutation) as {
    id: string
    name: string
    args: unknown
    at: string
    strict?: boolean
  }
  const verb = find(mutation.name)
  if (!verb) return refuse('unknown_verb', { name: mutation.name })
  if (!mayAct(stamp.role, verb.role)) return refuse('role_too_low', { needs: verb.role })
  const parsed = verb.args.safeParse(resolution.args ?? mutation.args)
  if (!parsed.success) return refuse('bad_args', { problems: parsed.error.issues.map((issue) => issue.message) })
  return verb.decide(book, parsed.data, {
    ...stamp,
    id: mutation.id,
    at: conflict.at,
    madeAt: mutation.at,
    userId: conflict.userId,
    strict: mutation.strict === true && resolution.choice !== 'record',
  })
}
