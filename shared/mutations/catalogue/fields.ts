// Fields merge one by one: the later change of a field stands, whichever arrives first. Keeps C1–C3.
import type { WorkingSet } from '../../working-set/working-set.ts'
import { fieldStampsOf } from '../../working-set/working-set.ts'
import type { FieldStamps } from '../../rows/rows.ts'
import { FIELD_STAMPS } from '../../rows/rows.ts'
import { STAMP_ZERO } from '../../values/stamp.ts'

type Fields = Record<string, unknown>
type Stamped = { id?: string; [FIELD_STAMPS]?: FieldStamps }

/** A new row's stamps: it was all said at once. */
export function stampAll<R extends object>(row: R, at: string): R {
  const stamps = Object.fromEntries(Object.keys(row).map((field) => [field, at]))
  return { ...row, [FIELD_STAMPS]: stamps }
}

/**
 * A row with the fields of `set` that are later than its own. A value that loses without its winner having seen it
 * (`base`) is kept in a review, with the `verb` that takes it after all; any other that comes too late says so.
 */
export function mergeFields<R extends Stamped>(
  rows: WorkingSet,
  row: R,
  change: { set: Fields; base: Fields; at: string; verb?: string },
): R {
  const { set, base, at, verb } = change
  const current = row as Fields & Stamped
  const stamps = { ...fieldStampsOf(row) }
  const merged: Fields = { ...current }
  let won = false
  for (const [field, value] of Object.entries(set)) {
    const wins = at > (stamps[field] ?? STAMP_ZERO)
    const differs = !same(value, current[field])
    const unseen = field in base && !same(base[field], current[field])
    if (differs && unseen) {
      const [kept, lost] = wins ? [value, current[field]] : [current[field], value]
      rows.review('field_clash', { id: row.id, ...(verb && { verb }), field, kept, lost })
    }
    if (!wins && differs && !unseen) rows.note('changed_later', { ...(row.id !== undefined && { id: row.id }), field })
    if (!wins) continue
    merged[field] = value
    stamps[field] = at
    won = true
  }
  // Nothing that stands now: the row is as it was.
  if (!won) return row
  return { ...merged, [FIELD_STAMPS]: stamps } as unknown as R
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

/** Custom fields are a set of names: their order says nothing. */
function sorted(value: unknown): unknown {
  if (value === undefined || value === null || typeof value !== 'object') return value ?? null
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
