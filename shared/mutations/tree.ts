// Categories and locations are trees: a parent exists, nothing lies inside itself, and none is endlessly deep. Keeps C5.
import type { Book } from '../book/book.ts'
import type { Refusal } from '../values/refusals.ts'
import { refuse } from '../values/refusals.ts'

/** Deeper than site, zone, aisle, rack, shelf and bin by far; a path beyond it is one that no screen can show. */
export const DEPTH_MAX = 32

export function refuseParent(
  book: Book,
  kind: 'categories' | 'locations',
  { id, parentId }: { id: string; parentId?: string | null | undefined },
): Refusal | undefined {
  const ancestors = new Set<string>()
  for (let next = parentId ?? null; next !== null && !ancestors.has(next);) {
    if (next === id) return refuse('cycle', { kind, id, parentId })
    const row = book.row(kind, next)
    if (!row) return refuse('depends_on_missing', { kind, id: next })
    ancestors.add(next)
    next = row.parentId
  }
  return ancestors.size > DEPTH_MAX ? refuse('too_deep', { kind, id, parentId, most: DEPTH_MAX }) : undefined
}
