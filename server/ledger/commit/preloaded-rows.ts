// The rows that were loaded for a group of batches, in memory while they are decided.
import type { MovedKind, Posted, RowSource, TreeKind, UniqueKey } from '#shared/working-set/working-set.ts'
import type { Entry } from '#shared/working-set/ledger.ts'
import type { CountLine, Kind, Row } from '#shared/rows/rows.ts'
import { keyOf } from '#shared/rows/rows.ts'
import type { ReadSet } from './read-set.ts'

export class PreloadedRows implements RowSource {
  readonly #plan: ReadSet
  readonly #rows = new Map<Kind, Map<string, unknown>>()
  readonly #owners = new Map<string, string>()
  readonly #histories = new Map<string, Entry[]>()
  readonly #posted = new Map<string, Posted>()
  readonly #moved = new Map<string, string>()

  constructor(plan: ReadSet) {
    this.#plan = plan
  }

  addRows<K extends Kind>(kind: K, rows: readonly Row<K>[]): void {
    let known = this.#rows.get(kind)
    if (!known) this.#rows.set(kind, (known = new Map()))
    for (const row of rows) known.set(keyOf(kind, row), row)
  }

  addOwner(unique: UniqueKey, value: string, owner: string): void {
    this.#owners.set(`${unique} ${value}`, owner)
  }

  addEntry(position: string, entry: Entry): void {
    const history = this.#histories.get(position)
    if (history) history.push(entry)
    else this.#histories.set(position, [entry])
  }

  addPosted(mutationId: string, posted: Posted): void {
    this.#posted.set(mutationId, posted)
  }

  addMoved(kind: MovedKind, id: string, at: string): void {
    const known = this.lastMoved(kind, id)
    if (known === undefined || at > known) this.#moved.set(`${kind} ${id}`, at)
  }

  /** @throws if a verb reads a row that its `reads` did not name. Answering "no such row" would overwrite an existing one. */
  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    const row = this.#rows.get(kind)?.get(key) as Row<K> | undefined
    if (!row && !this.#plan.covers(kind, key)) throw new Error(`${kind} ${key} was read but not loaded`)
    return row
  }

  owner(unique: UniqueKey, value: string): string | undefined {
    return this.#owners.get(`${unique} ${value}`)
  }

  history(position: string): readonly Entry[] {
    return this.#histories.get(position) ?? []
  }

  posted(mutationId: string): Posted | undefined {
    return this.#posted.get(mutationId)
  }

  lastMoved(kind: MovedKind, id: string): string | undefined {
    return this.#moved.get(`${kind} ${id}`)
  }

  /** @throws like `row` */
  tree<K extends TreeKind>(kind: K): Iterable<Row<K>> {
    if (!this.#plan.trees.has(kind)) throw new Error(`the ${kind} were read but not loaded`)
    return (this.#rows.get(kind)?.values() ?? []) as Iterable<Row<K>>
  }

  /** @throws like `row` */
  linesOf(countId: string): CountLine[] {
    if (!this.#plan.wholeCounts.has(countId)) throw new Error(`the lines of ${countId} were read but not loaded`)
    const lines = [...(this.#rows.get('countLines')?.values() ?? [])] as CountLine[]
    return lines.filter((line) => line.countId === countId)
  }
}
