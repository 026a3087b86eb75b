// Reads a file in which a device saved its outbox. Validates the whole file before any of it is imported. Keeps D19.
import * as z from 'zod/mini'
import { envelopeSchema } from '#shared/mutations/envelope.ts'
import { hasRole } from '#shared/mutations/verb.ts'
import type { Role } from '#shared/rows/rows.ts'
import { idSchema } from '#shared/values/id.ts'
import { ownerOf } from '../device/storage/device-name.ts'
import type { OutboxExport } from '../device/outbox/outbox-import.ts'

export const FILE_SIGNATURE = 'Stockhand: what waited on this device' // in files that exist; language-ok

/**
 * Fifty thousand mutations with their descriptions take a third of this. More would not fit into a handheld's memory.
 */
export const FILE_MAX_BYTES = 64 * 1024 * 1024

const scanSchema = z.object({
  id: idSchema,
  code: z.string(),
  at: z.number(),
  mode: z.string(),
  locationId: z.nullable(idSchema),
  state: z.literal('unresolved'),
})

/** Older versions did not write the fields that have defaults. */
const fileSchema = z.object({
  about: z.literal(FILE_SIGNATURE),
  device: z.string(),
  person: z.optional(z.string()),
  epoch: z._default(z.int().check(z.minimum(0)), 0),
  clockOffsetMs: z._default(z.number(), 0),
  savedAt: z.iso.datetime(),
  pending: z.array(z.extend(envelopeSchema, { args: z.record(z.string(), z.unknown()) })),
  scans: z.array(scanSchema),
  settledScans: z._default(z.array(idSchema), []),
})

/** Why a file cannot be imported here. */
export type FileProblem = 'notOurs' | 'damaged' | 'empty' | 'otherOrganisation' | 'otherPerson' | 'viewer'

export interface ReadFile {
  contents: OutboxExport
  savedAt: Date
  /** The name of its owner, if the file contains it. */
  person: string | undefined
  /** False if the file belongs, or may belong, to another person. */
  isOwn: boolean
}

export function readOutboxFile(
  text: string,
  reader: { orgId: string; userId: string; role: Role },
): ReadFile | { problem: FileProblem } {
  const file = parse(text)
  if ('problem' in file) return file
  const { device, person, savedAt, pending, scans, settledScans, clockOffsetMs, epoch } = file
  const contents = { pending, scans, settledScans, clockOffsetMs, epoch }
  const owner = ownerOf(device)
  const isOwn = owner?.userId === reader.userId
  if (owner && owner.orgId !== reader.orgId) return { problem: 'otherOrganisation' }
  if (!hasRole(reader.role, 'staff')) return { problem: 'viewer' }
  if (!isOwn && !hasRole(reader.role, 'manager')) return { problem: 'otherPerson' }
  if (contents.pending.length === 0 && contents.scans.length === 0) return { problem: 'empty' }
  return { contents, savedAt: new Date(savedAt), person, isOwn }
}

function parse(text: string): z.infer<typeof fileSchema> | { problem: FileProblem } {
  const isOurs = text.includes(FILE_SIGNATURE)
  try {
    const file = fileSchema.safeParse(JSON.parse(text))
    if (file.success) return file.data
  } catch {
    // Not JSON, or truncated: reported below.
  }
  return { problem: isOurs ? 'damaged' : 'notOurs' }
}
