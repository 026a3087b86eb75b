// Categories and locations are trees: a parent exists, and nothing lies inside itself.
import type { Book } from '../book/book.ts'
import type { Refusal } from '../values/refusals.ts'
import { refuse } from '../values/refusals.ts'

/** Deeper than site, zone, aisle, rack, shelf and bin by far. */
const DEPTH_MAX = 32

export function refuseParent(
  book: Book,
  kind: 'categories' | 'locations',
  { id, parentId }: { id: string; parentId?: string | null | undefined },
): Refusal | undefined {
  let ancestor = parentId ?? null
  for (let depth = 0; ancestor !== null; depth++) {
    if (ancestor === id || depth > DEPTH_MAX) return refuse('cycle', { kind, id, parentId })
    const row = book.row(kind, ancestor)
    if (!row) return refuse('depends_on_missing', { kind, id: ancestor })
    ancestor = row.parentId
  }
  return undefined
}
