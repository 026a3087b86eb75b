// Categories and locations are trees: a parent exists, no row is inside itself, and the depth is limited. Keeps C5.
import type { WorkingSet, TreeKind } from '../../working-set/working-set.ts'
import type { Refusal } from '../../values/refuse.ts'
import { refuse } from '../../values/refuse.ts'

/** Far deeper than site, zone, aisle, rack, shelf and bin. No screen can show a longer path. */
export const DEPTH_MAX = 32

export function refuseParent(
  rows: WorkingSet,
  kind: TreeKind,
  { id, parentId }: { id: string; parentId?: string | null | undefined },
): Refusal<'cycle' | 'depends_on_missing' | 'too_deep'> | undefined {
  const ancestors = new Set<string>()
  for (let next = parentId ?? null; next !== null && !ancestors.has(next);) {
    if (next === id) return refuse('cycle', { kind, id, parentId })
    const row = rows.row(kind, next)
    if (!row) return refuse('depends_on_missing', { kind, id: next })
    ancestors.add(next)
    next = row.parentId
  }
  // The rows inside it move with it.
  const isTooDeep = ancestors.size > 0 && ancestors.size + heightOf(rows, kind, id) > DEPTH_MAX
  return isTooDeep ? refuse('too_deep', { kind, id, parentId, most: DEPTH_MAX }) : undefined
}

/** The number of levels below a row: 0 for a new one. Rows that are older than this rule may be deeper than allowed. */
function heightOf(rows: WorkingSet, kind: TreeKind, id: string): number {
  if (!rows.row(kind, id)) return 0
  const children = Map.groupBy(rows.tree(kind), ({ parentId }) => parentId)
  let height = 0
  for (let level = [id]; height <= DEPTH_MAX; height++) {
    level = level.flatMap((one) => (children.get(one) ?? []).map((child) => child.id))
    if (level.length === 0) break
  }
  return height
}
