// Ids of the mutations and rows of an import: SHA-256 of the organisation and the content. The same file leads to the same ids
// on every machine, so the ledger recognises repeated mutations.
import { hash } from 'node:crypto'

export function importId(orgId: string, ...content: readonly (string | number)[]): string {
  const hex = hash('sha256', JSON.stringify([orgId, ...content]), 'hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 0x3) | 0x8).toString(16)
  // UUIDv8 (RFC 9562 §5.8), for custom formats.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
