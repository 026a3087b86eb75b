// Everything that a group of batches reads, collected from its verbs before the one round trip that loads it.
import type { MovedKind, TreeKind, UniqueKey } from '#shared/working-set/working-set.ts'
import type { ReadPlan } from '#shared/mutations/verb.ts'
import type { Kind } from '#shared/rows/rows.ts'
import { parsePositionKey } from '#shared/rows/rows.ts'
import { shiftStampMs } from '#shared/values/stamp.ts'

export class ReadSet implements ReadPlan {
  readonly rows = new Map<Kind, Set<string>>()
  readonly owners: Record<UniqueKey, Set<string>> = { sku: new Set(), locationBarcode: new Set() }
  readonly trees = new Set<Kind>()
  /** Positions that are counted, with the earliest effective stamp that a count of this group may get. */
  readonly counts = new Map<string, string>()
  /** Mutations that are undone. */
  readonly undone = new Set<string>()
  /** Planned counts whose lines are needed, with the mutations that need them. */
  readonly wholeCounts = new Map<string, Set<string>>()
  /** Conflicts that are resolved, with the corrected arguments of each resolution, or undefined if it has none. */
  readonly conflicts = new Map<string, unknown[]>()
  /** Items whose levels change. Their total stock is needed. */
  readonly totals = new Set<string>()
  /** Rows that are archived, with the earliest stamp that the archiving may get. Movements after that open a review. */
  readonly moved: Record<MovedKind, Map<string, string>> = { items: new Map(), locations: new Map() }
  /** The mutation whose reads are collected: its id, its earliest possible effective stamp, and its device's stamp. */
  #id = ''
  #earliest = ''
  #madeAt = ''

  row(kind: Kind, key: string): void {
    let keys = this.rows.get(kind)
    if (!keys) this.rows.set(kind, (keys = new Set()))
    keys.add(key)
    if (kind === 'positions') this.row('items', parsePositionKey(key).itemId)
  }

  own(kind: Kind): void {
    this.row(kind, this.#id)
  }

  owner(unique: UniqueKey, value: string): void {
    this.owners[unique].add(value)
  }

  tree(kind: TreeKind): void {
    this.trees.add(kind)
  }

  counted(position: string, since?: string): void {
    this.row('positions', position)
    const from = since === undefined || this.#earliest === '' ? this.#earliest : this.#startOf(since)
    const known = this.counts.get(position)
    if (known === undefined || from < known) this.counts.set(position, from)
  }

  lines(countId: string): void {
    const readers = this.wholeCounts.get(countId)
    if (readers) readers.add(this.#id)
    else this.wholeCounts.set(countId, new Set([this.#id]))
  }

  posted(mutationId: string): void {
    this.undone.add(mutationId)
  }

  lastMoved(kind: MovedKind, id: string): void {
    const known = this.moved[kind].get(id)
    if (known === undefined || this.#earliest < known) this.moved[kind].set(id, this.#earliest)
  }

  conflict(id: string, args: unknown): void {
    this.row('conflicts', id)
    const resolutions = this.conflicts.get(id)
    if (resolutions) resolutions.push(args)
    else this.conflicts.set(id, [args])
  }

  total(itemId: string): void {
    this.totals.add(itemId)
  }

  /** True if the row was requested. If it was not found, it does not exist. */
  covers(kind: Kind, key: string): boolean {
    return this.trees.has(kind) || this.rows.get(kind)?.has(key) === true
  }

  /** Sets the mutation whose reads are collected next. Without a stamp, the whole history may matter. */
  of({ id, at = '', madeAt = '' }: { id: string; at?: string; madeAt?: string }): this {
    this.#id = id
    this.#earliest = at
    this.#madeAt = madeAt
    return this
  }

  /** The keys of all rows that are read, of any kind. The group may create each of them. */
  *allKeys(): Iterable<string> {
    for (const keys of this.rows.values()) yield* keys
  }

  /**
   * The earliest stamp that a count of a planned count looks at: the start of the planned count, as the device's clock says
   * and as corrected, or the stamp of the count itself, if that is earlier.
   */
  #startOf(since: string): string {
    const moved = shiftStampMs(since, { at: this.#earliest, madeAt: this.#madeAt })
    return [since, moved].reduce((least, one) => (one < least ? one : least), this.#earliest)
  }

  keys(kind: Kind): string[] {
    return [...(this.rows.get(kind) ?? [])]
  }
}
