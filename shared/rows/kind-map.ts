// Rows by kind and key, with the type of their kind. TypeScript cannot relate a kind that is a type parameter to the union
// of all kinds; the casts that this needs are here and nowhere else.
import type { Kind, Row } from './rows.ts'

export type RowsByKey<K extends Kind> = Map<string, Row<K>>

export class KindMap {
  readonly #maps = new Map<Kind, unknown>()

  /** The rows of a kind, to read and to change. */
  of<K extends Kind>(kind: K): RowsByKey<K> {
    let rows = this.#maps.get(kind) as RowsByKey<K> | undefined
    if (!rows) this.#maps.set(kind, (rows = new Map()))
    return rows
  }

  /** The number of rows of all kinds. */
  get size(): number {
    let size = 0
    for (const rows of this.#maps.values()) size += (rows as RowsByKey<Kind>).size
    return size
  }

  clear(): void {
    for (const rows of this.#maps.values()) (rows as RowsByKey<Kind>).clear()
  }
}

/** A row whose kind is known elsewhere, as one of any kind. */
export function ofAnyKind<K extends Kind>(row: Row<K>): Row<Kind> {
  return row as unknown as Row<Kind>
}

/** A row of a kind from its fields, which must be complete. */
export function fromFields<K extends Kind>(_kind: K, fields: object): Row<K> {
  return fields as unknown as Row<K>
}

/** The fields of a row by name, for code that treats all kinds alike. */
export function fieldsOf(row: object): Readonly<Record<string, unknown>> {
  return row as Record<string, unknown>
}
