// The rows that pending mutations have changed, by key, and the owners of unique values among them. Keeps D2.
import { KindMap } from '#shared/rows/kind-map.ts'
import type { UniqueKey } from '#shared/working-set/working-set.ts'
import type { Kind, Row } from '#shared/rows/rows.ts'

export class OptimisticOverlay {
  readonly #rows = new KindMap()
  readonly #owners = new Map<string, string>()

  get size(): number {
    return this.#rows.size
  }

  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    return this.#rows.of(kind).get(key)
  }

  rows<K extends Kind>(kind: K): ReadonlyMap<string, Row<K>> {
    return this.#rows.of(kind)
  }

  owner(unique: UniqueKey, value: string): string | undefined {
    return this.#owners.get(`${unique} ${value}`)
  }

  set(kind: Kind, key: string, row: Row<Kind>): void {
    this.#removeOwner(kind, key)
    this.#rows.of(kind).set(key, row)
    const uniqueValue = uniqueValueOf(kind, row)
    if (uniqueValue !== undefined) this.#owners.set(uniqueValue, key)
  }

  delete(kind: Kind, key: string): void {
    this.#removeOwner(kind, key)
    this.#rows.of(kind).delete(key)
  }

  clear(): void {
    this.#rows.clear()
    this.#owners.clear()
  }

  #removeOwner(kind: Kind, key: string): void {
    const before = this.#rows.of(kind).get(key)
    const uniqueValue = before && uniqueValueOf(kind, before)
    if (uniqueValue !== undefined && this.#owners.get(uniqueValue) === key) this.#owners.delete(uniqueValue)
  }
}

/** The unique value of a row. */
function uniqueValueOf(kind: Kind, row: Row<Kind>): string | undefined {
  if (kind === 'items') return uniqueKey('sku', (row as Row<'items'>).sku)
  if (kind === 'locations') return uniqueKey('locationBarcode', (row as Row<'locations'>).barcode)
  return undefined
}

function uniqueKey(unique: UniqueKey, value: string | null): string | undefined {
  return value === null ? undefined : `${unique} ${value}`
}
