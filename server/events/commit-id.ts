// By what replicas, and cursors that devices hold, tell one commit from another at the same version.

/** Which commit stands at a version: the chains alone do not tell one that added no line from another that added none. */
export interface CommitId {
  chainHead: string
  /** When it was decided, Unix ms. Absent where a server of the version before told of it. */
  atMs?: number | undefined
}

export function isSameCommit(one: CommitId, other: CommitId): boolean {
  if (one.chainHead !== other.chainHead) return false
  return one.atMs === undefined || other.atMs === undefined || one.atMs === other.atMs
}
