// The rows as pending mutations make them, by key, and who owns a unique value among them. Keeps D2.
import type { UniqueKey } from '#shared/working-set/working-set.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'
import { KINDS } from '#shared/rows/rows.ts'

export class OptimisticOverlay {
  readonly #rows = new Map<Kind, Map<string, Row<Kind>>>(KINDS.map((kind) => [kind, new Map()]))
  readonly #owners = new Map<string, string>()

  get size(): number {
    let size = 0
    for (const rows of this.#rows.values()) size += rows.size
    return size
  }

  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    return this.#rows.get(kind)!.get(key) as Row<K> | undefined
  }

  rows<K extends Kind>(kind: K): ReadonlyMap<string, Row<K>> {
    return this.#rows.get(kind) as unknown as ReadonlyMap<string, Row<K>>
  }

  owner(unique: UniqueKey, value: string): string | undefined {
    return this.#owners.get(`${unique} ${value}`)
  }

  set(kind: Kind, key: string, row: Row<Kind>): void {
    this.#disown(kind, key)
    this.#rows.get(kind)!.set(key, row)
    const owned = ownedBy(kind, row)
    if (owned !== undefined) this.#owners.set(owned, key)
  }

  delete(kind: Kind, key: string): void {
    this.#disown(kind, key)
    this.#rows.get(kind)!.delete(key)
  }

  clear(): void {
    for (const rows of this.#rows.values()) rows.clear()
    this.#owners.clear()
  }

  #disown(kind: Kind, key: string): void {
    const before = this.#rows.get(kind)!.get(key)
    const owned = before && ownedBy(kind, before)
    if (owned !== undefined && this.#owners.get(owned) === key) this.#owners.delete(owned)
  }
}

/** The unique value that a row holds. */
function ownedBy(kind: Kind, row: Row<Kind>): string | undefined {
  if (kind === 'items') return named('sku', (row as Row<'items'>).sku)
  if (kind === 'locations') return named('locationBarcode', (row as Row<'locations'>).barcode)
  return undefined
}

function named(unique: UniqueKey, value: string | null): string | undefined {
  return value === null ? undefined : `${unique} ${value}`
}
