// The confirmed rows in memory, by key, with the indexes that screens need. Memory serves reads only. Keeps D2.
import { KindMap, type RowsByKey } from '#shared/rows/kind-map.ts'
import type { Kind, Row, WireTable, WireTables } from '#shared/rows/rows.ts'
import { decodeTable, keyOf, KINDS } from '#shared/rows/rows.ts'

/** Names a row that was added, changed or deleted. */
export interface RowChange {
  kind: Kind
  key: string
}

/** A change of every row of every kind. */
export const ALL_ROWS_CHANGED: readonly RowChange[] = KINDS.map((kind) => ({ kind, key: '' }))

/** A decoded row that is about to be applied and is not visible yet. */
export interface PlannedRow extends RowChange {
  row: Row<Kind>
}

export class ConfirmedRows {
  /** Stored pieces that are not parsed yet, by kind, in order. */
  #unparsed = new Map<Kind, (() => void)[]>()
  #isParsing = false
  #rows = new KindMap()
  /** Keys of barcodes and positions by item, and of positions by location. */
  #barcodesByItem: Index = new Map()
  #positionsByItem: Index = new Map()
  #positionsByLocation: Index = new Map()
  #positionsBelowZero = new Set<string>()
  #itemBySku = new Map<string, string>()
  #locationByBarcode = new Map<string, string>()

  row<K extends Kind>(kind: K, key: string): Row<K> | undefined {
    return this.#table(kind).get(key)
  }

  rows<K extends Kind>(kind: K): ReadonlyMap<string, Row<K>> {
    return this.#table(kind)
  }

  barcodesOf(itemId: string): Iterable<string> {
    this.#parse('barcodes')
    return keysUnder(this.#barcodesByItem, itemId)
  }

  positionsOf(itemId: string): Iterable<string> {
    this.#parse('positions')
    return keysUnder(this.#positionsByItem, itemId)
  }

  positionsAt(locationId: string): Iterable<string> {
    this.#parse('positions')
    return keysUnder(this.#positionsByLocation, locationId)
  }

  get positionsBelowZero(): ReadonlySet<string> {
    this.#parse('positions')
    return this.#positionsBelowZero
  }

  itemOfSku(sku: string): string | undefined {
    this.#parse('items')
    return this.#itemBySku.get(sku)
  }

  locationOfBarcode(code: string): string | undefined {
    this.#parse('locations')
    return this.#locationByBarcode.get(code)
  }

  get size(): number {
    let size = 0
    for (const kind of KINDS) size += this.#table(kind).size
    return size
  }

  /** Returns true if there is no row of a kind. Does not parse stored rows. */
  isEmpty(kind: Kind): boolean {
    return !this.#unparsed.has(kind) && this.#rows.of(kind).size === 0
  }

  isParsed(kind: Kind): boolean {
    return !this.#unparsed.has(kind)
  }

  /**
   * Registers a stored piece of a kind. All pieces of a kind are parsed, in order, before any of its rows is read or
   * changed, so callers cannot tell when that happened.
   */
  deferParse(kind: Kind, parse: () => void): void {
    const unparsed = this.#unparsed.get(kind)
    if (unparsed) unparsed.push(parse)
    else this.#unparsed.set(kind, [parse])
  }

  /** Parses one piece ahead of time. Returns false if none is left. */
  parseOne(): boolean {
    for (const [kind, [first]] of this.#unparsed) {
      this.#parsePieces(kind, first ? [first] : [])
      return true
    }
    return false
  }

  parseAll(): void {
    for (const kind of KINDS) this.#parse(kind)
  }

  /** Adds the rows of a chunk and returns their keys. No rows precede them, and no other chunk has one of them. */
  fill(kind: Kind, table: WireTable): string[] {
    const rows = this.#rows.of(kind)
    return decodeTable(kind, table).map((row) => {
      const key = keyOf(kind, row)
      rows.set(key, row)
      this.#index(kind, { key, before: undefined, after: row })
      return key
    })
  }

  /** Determines which rows would change, without applying them. Of two states of a row the greater version wins. */
  plan(tables: WireTables): PlannedRow[] {
    const planned: PlannedRow[] = []
    for (const kind of KINDS) {
      const table = tables[kind]
      if (!table) continue
      const rows = this.#table(kind)
      for (const row of decodeTable(kind, table)) {
        const key = keyOf(kind, row)
        const before = rows.get(key)
        if (before === undefined || before.version <= row.version) planned.push({ kind, key, row })
      }
    }
    return planned
  }

  /** Applies planned rows. Returns what changed. */
  applyPlanned(planned: readonly PlannedRow[]): RowChange[] {
    const changes: RowChange[] = []
    for (const { kind, key, row } of planned) {
      const rows = this.#table(kind)
      const before = rows.get(key)
      if (before && before.version > row.version) continue // a page may hold two states of one row
      if (isDeleted(row)) rows.delete(key)
      else rows.set(key, row)
      this.#index(kind, { key, before, after: row })
      changes.push({ kind, key })
    }
    return changes
  }

  apply(tables: WireTables): RowChange[] {
    return this.applyPlanned(this.plan(tables))
  }

  /** Takes over everything from another instance, which must not be used afterwards. */
  replaceWith(other: ConfirmedRows): void {
    this.#unparsed = other.#unparsed
    this.#rows = other.#rows
    this.#barcodesByItem = other.#barcodesByItem
    this.#positionsByItem = other.#positionsByItem
    this.#positionsByLocation = other.#positionsByLocation
    this.#positionsBelowZero = other.#positionsBelowZero
    this.#itemBySku = other.#itemBySku
    this.#locationByBarcode = other.#locationByBarcode
  }

  #table<K extends Kind>(kind: K): RowsByKey<K> {
    this.#parse(kind)
    return this.#rows.of(kind)
  }

  #parse(kind: Kind): void {
    if (this.#unparsed.size === 0 || this.#isParsing) return
    const unparsed = this.#unparsed.get(kind)
    if (unparsed) this.#parsePieces(kind, [...unparsed])
  }

  /** Parses the first pieces of a kind. Parsing reads rows of the same kind itself, hence `#isParsing`. */
  #parsePieces(kind: Kind, pieces: readonly (() => void)[]): void {
    this.#isParsing = true
    try {
      for (const parse of pieces) parse()
    } finally {
      this.#isParsing = false
    }
    const remaining = this.#unparsed.get(kind)!.slice(pieces.length)
    if (remaining.length > 0) this.#unparsed.set(kind, remaining)
    else this.#unparsed.delete(kind)
  }

  #index(kind: Kind, { key, before, after }: { key: string; before: Row<Kind> | undefined; after: Row<Kind> }): void {
    if (kind === 'barcodes') {
      const old = before as Row<'barcodes'> | undefined
      const { itemId, deleted } = after as Row<'barcodes'>
      if (old) remove(this.#barcodesByItem, old.itemId, key)
      if (!deleted) add(this.#barcodesByItem, itemId, key)
    } else if (kind === 'positions') {
      const { itemId, locationId, quantity } = after as Row<'positions'>
      if (quantity < 0) this.#positionsBelowZero.add(key)
      else this.#positionsBelowZero.delete(key)
      if (before) return // a position never changes its item or location
      add(this.#positionsByItem, itemId, key)
      add(this.#positionsByLocation, locationId, key)
    } else if (kind === 'items') {
      move(this.#itemBySku, {
        from: (before as Row<'items'> | undefined)?.sku,
        to: (after as Row<'items'>).sku,
        owner: key,
      })
    } else if (kind === 'locations') {
      const from = (before as Row<'locations'> | undefined)?.barcode
      move(this.#locationByBarcode, { from, to: (after as Row<'locations'>).barcode, owner: key })
    }
  }
}

export function isDeleted(row: Row<Kind>): boolean {
  return 'deleted' in row && row.deleted === true
}

/** Most entries have one key. A set for each of a hundred thousand would take a third of the memory. */
type Index = Map<string, string | Set<string>>

function keysUnder(index: Index, under: string): Iterable<string> {
  const keys = index.get(under)
  return typeof keys === 'string' ? [keys] : (keys ?? [])
}

function add(index: Index, under: string, key: string): void {
  const keys = index.get(under)
  if (keys === undefined || keys === key) index.set(under, key)
  else if (typeof keys === 'string') index.set(under, new Set([keys, key]))
  else keys.add(key)
}

function remove(index: Index, under: string, key: string): void {
  const keys = index.get(under)
  if (keys === key) index.delete(under)
  else if (typeof keys === 'object') keys.delete(key)
}

function move(
  index: Map<string, string>,
  { from, to, owner }: { from: string | null | undefined; to: string | null; owner: string },
): void {
  if (from === to) return
  if (from && index.get(from) === owner) index.delete(from)
  if (to) index.set(to, owner)
}
