// Lines of the two logs, as they are stored and as they are hashed. Each log has one list of columns, which both the commit
// and the check of the chain use.
import { chainHash } from './chain.ts'

/** The hashed columns, in order. A new column needs a new list, because the old lines were hashed without it. */
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

/** jsonb does not store the order of keys, so the hash must not depend on it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  )
}
