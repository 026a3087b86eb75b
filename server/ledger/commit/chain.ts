// The hash chains: each line of a log contains the hash of the line before it, so a changed line is found. H1–H3.
import { hash } from 'node:crypto'

/** The hash of a line: SHA-256 over the hash before it and the line's values as JSON. */
export function chainHash(previous: string, values: readonly unknown[]): string {
  return hash('sha256', previous + JSON.stringify(values), 'hex')
}

/** The ends of both chains as one short text. Cursors and backups contain it, so devices can prove what was committed. */
export function chainHead(logHash: string, auditHash: string): string {
  return hash('sha256', `${logHash} ${auditHash}`, 'hex').slice(0, 16)
}
