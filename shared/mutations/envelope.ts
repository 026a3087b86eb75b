// The envelope of a mutation: its author, its time, and its place in the order of the device. Keeps M3, M4.
import * as z from 'zod/mini'
import { idSchema } from '../values/id.ts'
import { stampSchema } from '../values/stamp-schema.ts'

/** The size of one mutation, also as recorded in a conflict. Larger ones would make a batch that proxies refuse. */
export const MUTATION_MAX_BYTES = 16 * 1024

/**
 * If one mutation of a push violates this, the whole push is malformed. A wrong or missing name or args refuses only that
 * mutation.
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
