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
