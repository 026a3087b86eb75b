// The envelope of a mutation: who made it, when, and in which order of the device. Keeps M3, M4.
import { z } from 'zod'
import { idSchema } from '../values/id.ts'
import { stampSchema } from '../values/stamp-schema.ts'

/** One mutation, also when it is recorded as a conflict: larger ones would make a batch that no proxy lets through. */
export const MUTATION_MAX_BYTES = 16 * 1024

/**
 * What must hold for every mutation of a push, or the whole push is malformed. Name and args are judged one by one: also
 * where they are missing, they refuse that mutation alone.
 */
export const envelopeSchema = z.object({
  seq: z.int().min(1),
  id: idSchema,
  name: z.string().catch(''),
  args: z.unknown().default(null),
  at: stampSchema,
  seen: z.int().min(0).optional(),
  strict: z.boolean().optional(),
  by: idSchema.optional(),
})

export type Envelope = z.infer<typeof envelopeSchema>
