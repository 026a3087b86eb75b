// Search as you type over a hundred thousand items: each is a line of text, and lines are searched in their order. What
// changes is taken in item by item: by the next search, or before it in moments when nobody waits. Keeps D7.
import type { Item } from '#shared/rows/rows.ts'
import { type Block, SortedLines } from './sorted-lines.ts'

export interface SearchHits {
  /** The best first, up to the limit. */
  ids: string[]
  /** All that match, also those beyond the limit. */
  total: number
}

export interface SearchOptions {
  limit: number
  /** Filters further. */
  accept?: ((item: Item) => boolean) | undefined
  /** Searches what is taken in already. */
  asIs?: boolean
}

/** The items as people see them. */
export interface SearchSource {
  ids(): Iterable<string>
  item(id: string): Item | undefined
  codesOf(itemId: string): Iterable<string>
  /** The item that a code belongs to. */
  ownerOf(code: string): string | undefined
}

const FIELD = '\t'
const SPACE_BETWEEN = ' '
const ZERO = '0'
const END = '\n'
const NOT_ASCII = /\P{ASCII}/u
/** So many items are taken in at once while nobody waits: a millisecond on a slow device. */
const SLICE = 50
/** A block is written anew when so many lines have come to it; a search does not wait for that. */
const COMING_MAX = 500

export class ItemSearch {
  readonly #source: SearchSource
  readonly #lines: SortedLines
  /** Items that may look different from their lines. */
  readonly #stale = new Set<string>()
  /** Goes on where it was: from the start it would pass all that was taken out before. */
  #staleInTurn: Iterator<string> | undefined
  #isAllStale = true
  /** After all had changed: those that were not looked at since. */
  #rest: Iterator<string> | undefined
  /** Whose line holds a code. */
  readonly #owners = new Map<string, string>()

  constructor(source: SearchSource, { blockLines }: { blockLines?: number } = {}) {
    this.#source = source
    this.#lines = new SortedLines(blockLines)
  }

  /** How many items it finds among. */
  get size(): number {
    return this.#lines.size
  }

  itemChanged(id: string): void {
    if (!this.#isAllStale) this.#stale.add(id)
  }

  /** A barcode came, went, or belongs to another item. */
  codeChanged(code: string): void {
    if (this.#isAllStale) return
    for (const id of [this.#owners.get(code), this.#source.ownerOf(code)]) if (id !== undefined) this.#stale.add(id)
  }

  allChanged(): void {
    this.#isAllStale = true
  }

  /** Does a little of what the next search would have to do. False where nothing is left to do. */
  prepare(): boolean {
    if (this.#lines.settleOne(COMING_MAX)) return true
    this.#beginAnew()
    for (let taken = 0; taken < SLICE; taken++) {
      const id = this.#next()
      if (id === undefined) return this.#lines.settleOne(0)
      this.#take(id)
    }
    return true
  }

  /**
   * Items whose name, SKU or barcodes hold every word of the query, best first: exact code or SKU, then names that begin
   * with it, then words that begin with it, then the rest; each of these in the order of their names.
   */
  find(query: string, { limit, accept, asIs = false }: SearchOptions): SearchHits {
    if (!asIs) this.#takeAll()
    const words = folded(query).split(/\s+/).filter(Boolean)
    const hits = new Hits(limit)
    const question = words.length === 0 ? undefined : new Question(words)
    for (const block of this.#lines.blocks) {
      if (question) question.ask(block, { hits, accept })
      else if (accept) hits.addAll(block.items.filter(accept))
      else hits.addAll(block.items)
    }
    return hits.best()
  }

  #takeAll(): void {
    this.#beginAnew()
    for (let id = this.#next(); id !== undefined; id = this.#next()) this.#take(id)
    this.#lines.settle()
  }

  /** An item whose line is to be looked at. */
  #next(): string | undefined {
    this.#staleInTurn ??= this.#stale.values()
    const stale = this.#staleInTurn.next()
    if (!stale.done) return stale.value
    this.#staleInTurn = undefined // it would not come to what is added later
    const rest = this.#rest?.next()
    if (rest && !rest.done) return rest.value
    this.#rest = undefined
    return undefined
  }

  #beginAnew(): void {
    if (!this.#isAllStale) return
    this.#isAllStale = false
    this.#lines.clear()
    this.#owners.clear()
    this.#stale.clear()
    this.#rest = this.#source.ids()[Symbol.iterator]()
  }

  #take(id: string): void {
    this.#stale.delete(id)
    const item = this.#source.item(id)
    if (!item || item.archived) return this.#lines.remove(id)
    let text = item.name + FIELD + (item.sku ?? '') + FIELD
    for (const code of this.#source.codesOf(id)) {
      this.#owners.set(code, id)
      text += code + FIELD
    }
    this.#lines.put({ item, text: folded(text) })
  }
}

/** What was found: those of each rank in their order, as many as can be shown; the others are counted. */
class Hits {
  readonly #limit: number
  readonly #ranks: Item[][] = [[], [], [], []]
  #total = 0
  /** Worse ones are only counted: there are enough that are better. */
  worst = 3

  constructor(limit: number) {
    this.#limit = limit
    this.#setWorst()
  }

  add(item: Item, rank: number): void {
    this.#total += 1
    if (rank > this.worst) return
    this.#ranks[rank]!.push(item)
    this.#setWorst()
  }

  /** Items of no rank, in their order. */
  addAll(items: readonly Item[]): void {
    this.#total += items.length
    const rest = this.#ranks[3]!
    for (let at = 0; at < items.length && rest.length < this.#limit; at++) rest.push(items[at]!)
  }

  best(): SearchHits {
    const ids: string[] = []
    for (const items of this.#ranks) {
      for (let at = 0; at < items.length && ids.length < this.#limit; at++) ids.push(items[at]!.id)
    }
    return { ids, total: this.#total }
  }

  #setWorst(): void {
    let better = 0
    for (let rank = 0; rank <= this.worst; rank++) {
      better += this.#ranks[rank]!.length
      if (better >= this.#limit) this.worst = rank - 1
    }
  }
}

/** The words of a query, asked of block after block. */
class Question {
  readonly #words: readonly string[]
  readonly #first: string
  readonly #longest: string
  /** How a SKU or code ends that is this word, padded with zeros or not. */
  readonly #exactEnd: string | undefined

  constructor(words: readonly string[]) {
    this.#words = words
    this.#first = words[0]!
    this.#longest = words.toSorted((a, b) => b.length - a.length)[0]!
    const bare = this.#first.replace(/^0+/, '')
    if (words.length === 1 && bare !== '') this.#exactEnd = bare + FIELD
  }

  ask({ text, items, starts }: Block, { hits, accept }: { hits: Hits; accept: SearchOptions['accept'] }): void {
    const exactEnds = this.#exactEnd === undefined ? undefined : new Places(text, this.#exactEnd)
    let index = 0
    for (let at = text.indexOf(this.#longest); at >= 0; at = text.indexOf(this.#longest, starts[index + 1])) {
      while (starts[index + 1]! <= at) index += 1
      const [start, end] = [starts[index]!, starts[index + 1]!]
      const isWanted =
        (this.#words.length === 1 || this.#hasAll(text.slice(start, end))) && accept?.(items[index]!) !== false
      if (isWanted) hits.add(items[index]!, this.#rank({ text, start, end, exactEnds }, hits.worst))
      if (index + 1 === items.length) return
    }
  }

  #hasAll(line: string): boolean {
    return this.#words.every((word) => line.includes(word))
  }

  /** Of ranks that are worse than `worst` it is all the same which. */
  #rank(place: Place, worst: number): number {
    const { text, start } = place
    if (place.exactEnds && worst >= 0 && isExact(place)) return 0
    if (worst >= 1 && text.startsWith(this.#first, start)) return 1
    if (worst < 2) return 3
    const name = text.slice(start, text.indexOf(FIELD, start))
    return name.includes(SPACE_BETWEEN + this.#first) ? 2 : 3
  }
}

interface Place {
  text: string
  start: number
  end: number
  exactEnds: Places | undefined
}

/** A field of the line, other than its name, is the word with nothing but zeros before it. */
function isExact({ text, start, end, exactEnds }: Place): boolean {
  for (let at = exactEnds?.from(start) ?? -1; at >= 0 && at < end; at = exactEnds?.from(at + 1) ?? -1) {
    let before = at - 1
    while (text[before] === ZERO) before -= 1
    if (before >= start && text[before] === FIELD) return true
  }
  return false
}

/** Where a part occurs in a text, asked for from its start to its end. */
class Places {
  readonly #text: string
  readonly #part: string
  /** Undefined until it is asked for: most texts never are. */
  #next: number | undefined

  constructor(text: string, part: string) {
    this.#text = text
    this.#part = part
  }

  /** The first place from there on; -1 where there is none. */
  from(at: number): number {
    const isPast = this.#next === undefined || (this.#next >= 0 && this.#next < at)
    return isPast ? (this.#next = this.#text.indexOf(this.#part, at)) : this.#next!
  }
}

/** Lower case without accents, so that "cafe" finds "Café". Ends of lines inside would split a line. */
function folded(text: string): string {
  const lower = text.toLowerCase()
  const plain = NOT_ASCII.test(lower) ? lower.normalize('NFD').replace(/\p{M}/gu, '') : lower
  return plain.includes(END) ? plain.replaceAll(END, ' ') : plain
}
