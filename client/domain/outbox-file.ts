// A file in which a device saved what waited on it, read again: checked whole before anything of it is taken in. Keeps D19.
import * as z from 'zod/mini'
import { envelopeSchema } from '#shared/mutations/envelope.ts'
import { hasRole } from '#shared/mutations/verb.ts'
import type { Role } from '#shared/rows/rows.ts'
import { idSchema } from '#shared/values/id.ts'
import { ownerOf } from '../device/storage/device-name.ts'
import type { OutboxExport } from '../device/outbox/outbox-import.ts'

export const FILE_MARK = 'Stockhand: what waited on this device'

/** Fifty thousand changes, each with its words, take a third of this; more would not fit into a handheld's memory. */
export const FILE_MAX_BYTES = 64 * 1024 * 1024

const scanSchema = z.object({
  id: idSchema,
  code: z.string(),
  at: z.number(),
  mode: z.string(),
  locationId: z.nullable(idSchema),
  state: z.literal('unresolved'),
})

/** What files of older versions do not say has a default. */
const fileSchema = z.object({
  about: z.literal(FILE_MARK),
  device: z.string(),
  person: z.optional(z.string()),
  epoch: z._default(z.int().check(z.minimum(0)), 0),
  clockOffsetMs: z._default(z.number(), 0),
  savedAt: z.iso.datetime(),
  pending: z.array(z.extend(envelopeSchema, { args: z.record(z.string(), z.unknown()) })),
  scans: z.array(scanSchema),
  settledScans: z._default(z.array(idSchema), []),
})

/** Why nothing of a file can be taken in here. */
export type FileProblem = 'notOurs' | 'damaged' | 'empty' | 'otherOrganisation' | 'otherPerson' | 'viewer'

export interface ReadFile {
  luggage: OutboxExport
  savedAt: Date
  /** Whose it is, where the file says so. */
  person: string | undefined
  /** False where it is, or may be, another person's. */
  isOwn: boolean
}

export function readOutboxFile(
  text: string,
  reader: { orgId: string; userId: string; role: Role },
): ReadFile | { problem: FileProblem } {
  const file = parsed(text)
  if ('problem' in file) return file
  const { device, person, savedAt, pending, scans, settledScans, clockOffsetMs, epoch } = file
  const luggage = { pending, scans, settledScans, clockOffsetMs, epoch }
  const owner = ownerOf(device)
  const isOwn = owner?.userId === reader.userId
  if (owner && owner.orgId !== reader.orgId) return { problem: 'otherOrganisation' }
  if (!hasRole(reader.role, 'staff')) return { problem: 'viewer' }
  if (!isOwn && !hasRole(reader.role, 'manager')) return { problem: 'otherPerson' }
  if (luggage.pending.length === 0 && luggage.scans.length === 0) return { problem: 'empty' }
  return { luggage, savedAt: new Date(savedAt), person, isOwn }
}

function parsed(text: string): z.infer<typeof fileSchema> | { problem: FileProblem } {
  const isOurs = text.includes(FILE_MARK)
  try {
    const file = fileSchema.safeParse(JSON.parse(text))
    if (file.success) return file.data
  } catch {
    // Not JSON at all, or cut off: told below.
  }
  return { problem: isOurs ? 'damaged' : 'notOurs' }
}
