// Lines of the two logs, as they are stored and as they are hashed. One list of columns each, so that the check of the
// chain reads what the commit wrote.
import { chainHash } from './chain.ts'

/** The columns that are hashed, in order. Adding one means a new list for new lines. */
export const LOG_COLUMNS = [
  'no',
  'mutation_id',
  'kind',
  'item_id',
  'location_id',
  'lot',
  'amount',
  'at',
  'made_at',
  'user_id',
  'client_id',
  'reason',
  'reference',
  'unit_cost',
  'voids',
  'recorded_at_ms',
] as const
export const AUDIT_COLUMNS = [
  'no',
  'mutation_id',
  'action',
  'kind',
  'key',
  'before',
  'after',
  'at',
  'user_id',
  'client_id',
  'recorded_at_ms',
] as const

export type HashedLogLine = Record<(typeof LOG_COLUMNS)[number], string | number | null>
export type AuditLine = Record<(typeof AUDIT_COLUMNS)[number], unknown>

export function logHash(previous: string, line: HashedLogLine): string {
  return chainHash(
    previous,
    LOG_COLUMNS.map((column) => line[column]),
  )
}

export function auditHash(previous: string, line: AuditLine): string {
  return chainHash(
    previous,
    AUDIT_COLUMNS.map((column) => sorted(line[column])),
  )
}

/** jsonb forgets the order of keys, so the hash does not depend on it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
