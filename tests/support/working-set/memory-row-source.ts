// The simplest row source: everything in memory, with all entries. The other sources are compared with it.
import type { Effects, MovedKind, Posted, RowSource, TreeKind, UniqueKey } from '#shared/working-set/working-set.ts'
import type { Entry } from '#shared/working-set/ledger.ts'
import type { CountLine, Item, Kind, Location, Row } from '#shared/rows/rows.ts'
import { parsePositionKey } from '#shared/rows/rows.ts'

export class MemoryRowSource implements RowSource {
  readonly rows = new Map<string, Row<Kind>>()
  readonly #entries = new Map<string, Entry[]>()
  readonly #posted = new Map<string, Posted>()

  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    return this.rows.get(`${kind} ${key}`) as Row<K> | undefined
  }

  owner(unique: UniqueKey, value: string): string | undefined {
    const kind = unique === 'sku' ? 'items ' : 'locations '
    for (const [name, row] of this.rows) {
      if (!name.startsWith(kind)) continue
      const own = unique === 'sku' ? (row as Item).sku : (row as Location).barcode
      if (own === value) return (row as Item).id
    }
    return undefined
  }

  history(position: string): readonly Entry[] {
    return this.#entries.get(position) ?? []
  }

  posted(mutationId: string): Posted | undefined {
    return this.#posted.get(mutationId)
  }

  lastMoved(kind: MovedKind, id: string): string | undefined {
    const stamps = [...this.#entries].flatMap(([position, entries]) => {
      const { itemId, locationId } = parsePositionKey(position)
      return (kind === 'items' ? itemId : locationId) === id ? entries.map(({ at }) => at) : []
    })
    const lines = this.#all('countLines').filter(
      ({ state, itemId, locationId }) => state === 'waiting' && (kind === 'items' ? itemId : locationId) === id,
    )
    return [...stamps, ...lines.map(({ at }) => at)].toSorted().at(-1)
  }

  linesOf(countId: string): CountLine[] {
    return this.#all('countLines').filter((line) => line.countId === countId)
  }

  tree<K extends TreeKind>(kind: K): Row<K>[] {
    return this.#all(kind)
  }

  #all<K extends Kind>(kind: K): Row<K>[] {
    return [...this.rows].flatMap(([name, row]) => (name.startsWith(`${kind} `) ? [row as Row<K>] : []))
  }

  /** Gives this version to every row without one, as a commit does. */
  number(version: number): void {
    for (const [name, row] of this.rows) if (row.version === 0) this.rows.set(name, { ...row, version })
  }

  /** Applies the effects of one mutation. */
  apply(by: { id: string; name: string; userId: string }, { changes, movements }: Effects): void {
    for (const { kind, key, after } of changes) this.rows.set(`${kind} ${key}`, after)
    const posted: Posted = { name: by.name, userId: by.userId, entries: [] }
    for (const { kind, position, entry: added, since, voids } of movements) {
      const entries = this.#entries.get(position) ?? []
      this.#entries.set(position, entries)
      if (voids !== undefined) {
        this.#entries.set(
          position,
          entries.map((one) => (one.id === voids ? { ...one, void: true } : one)),
        )
        const voided = this.#posted.get(voids)!
        voided.entries = voided.entries.map((line) =>
          line.position === position ? { position, entry: { ...line.entry, void: true } } : line,
        )
      } else {
        const start = since === undefined ? {} : { since }
        const entry: Entry = { ...added, kind: kind === 'count' ? 'count' : 'delta', void: false, ...start }
        entries.push(entry)
        posted.entries.push({ position, entry })
      }
    }
    this.#posted.set(by.id, posted)
  }
}
