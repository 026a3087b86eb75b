// Search as you type over a hundred thousand items: each item is a line of text, and the lines are searched in their order.
// Changes are added item by item: by the next search, or before it in idle moments. Keeps D7.
import type { Item } from '#shared/rows/rows.ts'
import { foldQuery, foldText } from '#shared/values/fold-text.ts'
import { type Block, SortedLines } from './sorted-lines.ts'

export interface SearchHits {
  /** The best first, up to the limit. */
  ids: string[]
  /** The number of all matches, also beyond the limit. */
  total: number
}

export interface SearchOptions {
  limit: number
  /** Filters further. */
  accept?: ((item: Item) => boolean) | undefined
  /** Searches only what is indexed already. */
  asIs?: boolean
}

/** The items as people see them. */
export interface SearchSource {
  ids(): Iterable<string>
  item(id: string): Item | undefined
  codesOf(itemId: string): Iterable<string>
  /** The item that a code belongs to. */
  ownerOf(code: string): string | undefined
  /** Whether an item comes before others that match as well: it is in stock, or was used lately. */
  isPreferred(itemId: string): boolean
}

const FIELD = '\t'
const ZERO = '0'
const END = '\n'
const WORD_CHARACTER = /[\p{L}\p{N}]/u
/** Items that are indexed at once in an idle moment: a millisecond on a slow device. */
const SLICE = 50
/** A block is rewritten when this many lines have changed in it. A search does not wait for that. */
const CHANGED_MAX = 500
/** The preference of so many matches is looked up in one search, to bound its time. Later ones count as not preferred. */
const PREFERENCES_MAX = 500

/** How well an item matches. Within a rank, preferred items come first, then the order of their names. */
const EXACT_CODE = 0
const NAME_STARTS_WITH_WORD = 1
const WHOLE_WORD = 2
const NAME_STARTS = 3
const WORD_STARTS = 4
const ANYWHERE = 5

export class ItemSearch {
  readonly #source: SearchSource
  readonly #lines: SortedLines
  /** Items that may differ from their lines. */
  readonly #stale = new Set<string>()
  /** Continues where it was: from the start it would visit all deleted entries again. */
  #staleInTurn: Iterator<string> | undefined
  #isAllStale = true
  /** After everything has changed: the items that are not indexed yet. */
  #rest: Iterator<string> | undefined
  /** The item whose line contains a code. */
  readonly #owners = new Map<string, string>()

  constructor(source: SearchSource, { blockLines }: { blockLines?: number } = {}) {
    this.#source = source
    this.#lines = new SortedLines(blockLines)
  }

  /** The number of indexed items. */
  get size(): number {
    return this.#lines.size
  }

  itemChanged(id: string): void {
    if (!this.#isAllStale) this.#stale.add(id)
  }

  /** A barcode was attached, detached, or belongs to another item. */
  codeChanged(code: string): void {
    if (this.#isAllStale) return
    for (const id of [this.#owners.get(code), this.#source.ownerOf(code)]) if (id !== undefined) this.#stale.add(id)
  }

  allChanged(): void {
    this.#isAllStale = true
  }

  /** Does a small part of the work of the next search. Returns false if there is none left. */
  prepare(): boolean {
    if (this.#lines.rewriteOne(CHANGED_MAX)) return true
    this.#startOver()
    for (let indexed = 0; indexed < SLICE; indexed++) {
      const id = this.#next()
      if (id === undefined) return this.#lines.rewriteOne(0)
      this.#index(id)
    }
    return true
  }

  /**
   * Finds the items whose name, SKU or barcodes contain every word of the query. The best come first: an exact code or
   * SKU, then whole words, then the starts of names and of words, then the rest.
   */
  find(query: string, { limit, accept, asIs = false }: SearchOptions): SearchHits {
    if (!asIs) this.#indexAll()
    const words = foldQuery(query)
    const hits = new Hits(limit, this.#source)
    const question = words.length === 0 ? undefined : new Question(words, foldText(query).trim())
    for (const block of this.#lines.blocks) {
      if (question) question.ask(block, { hits, accept })
      else if (accept) hits.addAll(block.items.filter(accept))
      else hits.addAll(block.items)
    }
    return hits.best()
  }

  #indexAll(): void {
    this.#startOver()
    for (let id = this.#next(); id !== undefined; id = this.#next()) this.#index(id)
    this.#lines.rewrite()
  }

  /** The next item to index. */
  #next(): string | undefined {
    this.#staleInTurn ??= this.#stale.values()
    const stale = this.#staleInTurn.next()
    if (!stale.done) return stale.value
    this.#staleInTurn = undefined // an iterator that has ended does not see later entries
    const rest = this.#rest?.next()
    if (rest && !rest.done) return rest.value
    this.#rest = undefined
    return undefined
  }

  #startOver(): void {
    if (!this.#isAllStale) return
    this.#isAllStale = false
    this.#lines.clear()
    this.#owners.clear()
    this.#stale.clear()
    this.#rest = this.#source.ids()[Symbol.iterator]()
  }

  #index(id: string): void {
    this.#stale.delete(id)
    const item = this.#source.item(id)
    if (!item || item.archived) return this.#lines.remove(id)
    let text = item.name + FIELD + (item.sku ?? '') + FIELD
    for (const code of this.#source.codesOf(id)) {
      this.#owners.set(code, id)
      text += code + FIELD
    }
    this.#lines.put({ item, text: foldText(text).replaceAll(END, ' ') })
  }
}

/** The matches of each rank in their order, as many as can be shown. The others are only counted. */
class Hits {
  readonly #limit: number
  readonly #source: Pick<SearchSource, 'isPreferred'>
  readonly #ranks = Array.from({ length: ANYWHERE + 1 }, () => ({ preferred: [] as Item[], others: [] as Item[] }))
  #total = 0
  #preferencesLeft = PREFERENCES_MAX
  /** Worse ranks are only counted, because there are enough better matches. */
  worst = ANYWHERE

  constructor(limit: number, source: Pick<SearchSource, 'isPreferred'>) {
    this.#limit = limit
    this.#source = source
    this.#setWorst()
  }

  add(item: Item, rank: number): void {
    this.#total += 1
    if (rank > this.worst) return
    const { preferred, others } = this.#ranks[rank]!
    if (this.#preferencesLeft-- > 0 && this.#source.isPreferred(item.id)) preferred.push(item)
    else if (others.length < this.#limit) others.push(item)
    this.#setWorst()
  }

  /** Items without a rank, in their order. */
  addAll(items: readonly Item[]): void {
    this.#total += items.length
    const { others } = this.#ranks[ANYWHERE]!
    for (let at = 0; at < items.length && others.length < this.#limit; at++) others.push(items[at]!)
  }

  best(): SearchHits {
    const ids: string[] = []
    for (const { preferred, others } of this.#ranks) {
      for (const item of preferred) if (ids.length < this.#limit) ids.push(item.id)
      for (const item of others) if (ids.length < this.#limit) ids.push(item.id)
    }
    return { ids, total: this.#total }
  }

  /** A rank is needed as long as an item of it could still be among the best. */
  #setWorst(): void {
    const mayPrefer = this.#preferencesLeft > 0
    let better = 0
    for (let rank = 0; rank <= this.worst; rank++) {
      const { preferred, others } = this.#ranks[rank]!
      const certain = better + preferred.length + (mayPrefer ? 0 : others.length)
      if (certain >= this.#limit) this.worst = rank - 1
      better += preferred.length + others.length
      if (better >= this.#limit && this.worst > rank) this.worst = rank
    }
  }
}

/** The words of a query, searched in block after block. */
class Question {
  readonly #words: readonly string[]
  readonly #first: string
  readonly #longest: string
  /** The end of a SKU or code that is the query, with or without leading zeros. */
  readonly #exactEnd: string | undefined

  /** `whole`: the query folded as one text. */
  constructor(words: readonly string[], whole: string) {
    this.#words = words
    this.#first = words[0]!
    this.#longest = words.toSorted((a, b) => b.length - a.length)[0]!
    const bare = whole.replace(/^0+/, '')
    if (bare !== '' && !/\s/.test(whole)) this.#exactEnd = bare + FIELD
  }

  ask({ text, items, starts }: Block, { hits, accept }: { hits: Hits; accept: SearchOptions['accept'] }): void {
    const exactEnds = this.#exactEnd === undefined ? undefined : new Occurrences(text, this.#exactEnd)
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

  /** Ranks that are worse than `worst` are not told apart. */
  #rank(line: Line, worst: number): number {
    const { text, start } = line
    if (line.exactEnds && worst >= EXACT_CODE && isExact(line)) return EXACT_CODE
    if (worst < NAME_STARTS_WITH_WORD) return ANYWHERE
    const starts = text.startsWith(this.#first, start)
    if (starts && !this.#continues(text, start)) return NAME_STARTS_WITH_WORD
    if (worst < WHOLE_WORD) return ANYWHERE
    const nameEnd = text.indexOf(FIELD, start)
    let startsWord = false
    let at = text.indexOf(this.#first, start + 1)
    for (; at >= 0 && at < nameEnd; at = text.indexOf(this.#first, at + 1)) {
      if (isWordCharacter(text, at - 1)) continue
      if (!this.#continues(text, at)) return WHOLE_WORD
      startsWord = true
    }
    if (starts) return NAME_STARTS
    return startsWord ? WORD_STARTS : ANYWHERE
  }

  /** Whether the word goes on after the part at this index. */
  #continues(text: string, at: number): boolean {
    return isWordCharacter(text, at + this.#first.length)
  }
}

/** ASCII is looked up, because a search looks at hundreds of thousands of characters. */
const IS_ASCII_WORD = Array.from({ length: 128 }, (_, code) => WORD_CHARACTER.test(String.fromCharCode(code)))

function isWordCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code < 128
    ? IS_ASCII_WORD[code]!
    : code > 127 && WORD_CHARACTER.test(String.fromCodePoint(text.codePointAt(at)!))
}

interface Line {
  text: string
  start: number
  end: number
  exactEnds: Occurrences | undefined
}

/** Whether a field of the line, other than the name, is the query with any number of leading zeros. */
function isExact({ text, start, end, exactEnds }: Line): boolean {
  for (let at = exactEnds?.from(start) ?? -1; at >= 0 && at < end; at = exactEnds?.from(at + 1) ?? -1) {
    let before = at - 1
    while (text[before] === ZERO) before -= 1
    if (before >= start && text[before] === FIELD) return true
  }
  return false
}

/** The occurrences of a part in a text, looked up from its start to its end. */
class Occurrences {
  readonly #text: string
  readonly #part: string
  /** Undefined until the first lookup: most texts need none. */
  #next: number | undefined

  constructor(text: string, part: string) {
    this.#text = text
    this.#part = part
  }

  /** The first occurrence from this index on, or -1. */
  from(at: number): number {
    const isPast = this.#next === undefined || (this.#next >= 0 && this.#next < at)
    return isPast ? (this.#next = this.#text.indexOf(this.#part, at)) : this.#next!
  }
}
