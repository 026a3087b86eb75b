// Fields merge one by one: the later change of a field wins, in any order of arrival. Keeps C1–C3.
import type { WorkingSet } from '../../working-set/working-set.ts'
import { fieldStampsOf } from '../../working-set/working-set.ts'
import type { FieldStamps } from '../../rows/rows.ts'
import { fieldsOf } from '../../rows/kind-map.ts'
import { FIELD_STAMPS } from '../../rows/rows.ts'
import { STAMP_ZERO } from '../../values/stamp.ts'

/** Some fields of a row. */
export type FieldsOf<R> = { readonly [F in keyof R]?: R[F] | undefined }

type Stamped = { id?: string; [FIELD_STAMPS]?: FieldStamps }

/** Gives every field of a new row the same stamp. */
export function stampAll<R extends object>(row: R, at: string): R {
  const stamps = Object.fromEntries(Object.keys(row).map((field) => [field, at]))
  return { ...row, [FIELD_STAMPS]: stamps }
}

/**
 * Returns the row with the fields of `set` whose stamp is later. A review keeps the losing value if the author of the
 * winning one had not seen it (`base`), together with the `verb` that would apply it. Other late values add a note.
 */
export function mergeFields<R extends Stamped>(
  rows: WorkingSet,
  row: R,
  change: { set: FieldsOf<R>; base: FieldsOf<R>; at: string; verb?: string },
): R {
  const { set, at, verb } = change
  const current = fieldsOf(row)
  const base = fieldsOf(change.base)
  const stamps = { ...fieldStampsOf(row) }
  const won: Record<string, unknown> = {}
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
    won[field] = value
    stamps[field] = at
  }
  if (Object.keys(won).length === 0) return row
  return Object.assign({ ...row }, won, { [FIELD_STAMPS]: stamps })
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

/** The order of custom fields has no meaning. */
function sorted(value: unknown): unknown {
  if (value === undefined || value === null || typeof value !== 'object') return value ?? null
  return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
