/**
 * Identifies a commit. After commits were lost, another commit can have the same version. The chain head alone does not tell
 * two commits apart if neither of them added a line to a log.
 */
export interface CommitId {
  chainHead: string
  /** When it was decided, Unix ms. Absent if the commit event or cursor is from a server of an earlier version. */
  atMs?: number | undefined
}

export function isSameCommit(one: CommitId, other: CommitId): boolean {
  if (one.chainHead !== other.chainHead) return false
  return one.atMs === undefined || other.atMs === undefined || one.atMs === other.atMs
}
