// The hash chains: every line of a log names the one before it by its hash, so that no line can change unseen. H1–H3.
import { hash } from 'node:crypto'

/** The hash of a line: SHA-256 over the hash before it and the line's values as JSON. */
export function chainHash(previous: string, values: readonly unknown[]): string {
  return hash('sha256', previous + JSON.stringify(values), 'hex')
}

/** Both chains in one short text: it travels in cursors and backups, so that devices witness it. */
export function chainHead(logHash: string, auditHash: string): string {
  return hash('sha256', `${logHash} ${auditHash}`, 'hex').slice(0, 16)
}

/** Which commit stands at a version: the chains alone do not tell one that added no line from another that added none. */
export interface CommitMark {
  chainHead: string
  /** When it was decided, Unix ms. Absent where a server of the version before told of it. */
  atMs?: number | undefined
}

export function isSameCommit(one: CommitMark, other: CommitMark): boolean {
  if (one.chainHead !== other.chainHead) return false
  return one.atMs === undefined || other.atMs === undefined || one.atMs === other.atMs
}
