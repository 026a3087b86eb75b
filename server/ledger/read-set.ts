// What a group of batches reads, collected from its verbs before the one round trip that loads it.
import type { Unique } from '#shared/book/book.ts'
import type { Wants } from '#shared/mutations/verb.ts'
import type { Kind } from '#shared/rows/rows.ts'
import { parsePositionKey } from '#shared/rows/rows.ts'

export class ReadSet implements Wants {
  readonly rows = new Map<Kind, Set<string>>()
  readonly owners: Record<Unique, Set<string>> = { sku: new Set(), locationBarcode: new Set() }
  readonly trees = new Set<Kind>()
  /** Positions that are counted, with the earliest stamp a count of this group may get. */
  readonly counts = new Map<string, string>()
  /** Mutations that are undone. */
  readonly undone = new Set<string>()
  /** Conflicts that are resolved, with corrected arguments if there are any. */
  readonly conflicts = new Map<string, unknown>()
  /** The least effective stamp of the mutation that reads now. */
  earliest = ''

  row(kind: Kind, key: string): void {
    let keys = this.rows.get(kind)
    if (!keys) this.rows.set(kind, (keys = new Set()))
    keys.add(key)
    if (kind === 'positions') this.row('items', parsePositionKey(key).itemId)
  }

  owner(unique: Unique, value: string): void {
    this.owners[unique].add(value)
  }

  tree(kind: 'categories' | 'locations'): void {
    this.trees.add(kind)
  }

  counted(position: string): void {
    this.row('positions', position)
    const known = this.counts.get(position)
    if (known === undefined || this.earliest < known) this.counts.set(position, this.earliest)
  }

  posted(mutationId: string): void {
    this.undone.add(mutationId)
  }

  conflict(id: string, args: unknown): void {
    this.row('conflicts', id)
    this.conflicts.set(id, args)
  }

  keys(kind: Kind): string[] {
    return [...(this.rows.get(kind) ?? [])]
  }
}
