// The envelope of a mutation: who made it, when, and in which order of the device. Keeps M3, M4.
import * as z from 'zod/mini'
import { idSchema } from '../values/id.ts'
import { stampSchema } from '../values/stamp-schema.ts'

/** One mutation, also when it is recorded as a conflict: larger ones would make a batch that no proxy lets through. */
export const MUTATION_MAX_BYTES = 16 * 1024

/**
 * What must hold for every mutation of a push, or the whole push is malformed. Name and args are judged one by one: also
 * where they are missing, they refuse that mutation alone.
 */
export const envelopeSchema = z.object({
  seq: z.int().check(z.minimum(1)),
  id: idSchema,
  name: z.catch(z.string(), ''),
  args: z._default(z.unknown(), null),
  at: stampSchema,
  seen: z.optional(z.int().check(z.minimum(0))),
  strict: z.optional(z.boolean()),
  by: z.optional(idSchema),
})

export type Envelope = z.infer<typeof envelopeSchema>
