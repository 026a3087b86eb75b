// Search as you type over a hundred thousand items: one long text, one line an item, searched from its start. D7.
import type { Item } from '#shared/rows/rows.ts'

export interface SearchHits {
  ids: string[]
  /** All that match, also those beyond the limit. */
  total: number
}

export interface SearchSource {
  items(): Iterable<Item>
  codesOf(itemId: string): Iterable<string>
}

const SEPARATOR = '\n'
const FIELD = '\t'

export class ItemSearch {
  readonly #source: SearchSource
  #text = ''
  #ids: string[] = []
  /** Where each item's line begins in the text. */
  #starts: number[] = []
  #stale = true

  constructor(source: SearchSource) {
    this.#source = source
  }

  /** How many items it finds among. */
  get size(): number {
    return this.#ids.length
  }

  /** The items or their barcodes changed: the next search builds the text anew. */
  invalidate(): void {
    this.#stale = true
  }

  /**
   * Items whose name, SKU or barcodes hold every word of the query, best first: exact code or SKU, then names that begin
   * with it, then words that begin with it, then the rest in order of their names. `accept` filters further.
   */
  find(query: string, { limit, accept }: { limit: number; accept?: (itemId: string) => boolean }): SearchHits {
    if (this.#stale) this.#build()
    const words = folded(query).split(/\s+/).filter(Boolean)
    if (words.length === 0 && !accept) return { ids: this.#ids.slice(0, limit), total: this.#ids.length }
    const [longest = ''] = words.toSorted((a, b) => b.length - a.length)
    // Lines come in the order of their names: a list for each rank keeps it without sorting a hundred thousand hits.
    const ranks: number[][] = [[], [], [], []]
    const consider = (index: number) => {
      if (words.length > 1 && !this.#hasAll(index, words)) return
      if (accept && !accept(this.#ids[index]!)) return
      ranks[words.length === 0 ? 3 : this.#rank(index, words)]!.push(index)
    }
    if (longest === '') for (let index = 0; index < this.#ids.length; index++) consider(index)
    else this.#eachLineWith(longest, consider)
    const ids: string[] = []
    for (const indexes of ranks) {
      for (let at = 0; at < indexes.length && ids.length < limit; at++) ids.push(this.#ids[indexes[at]!]!)
    }
    return { ids, total: ranks.reduce((sum, { length }) => sum + length, 0) }
  }

  #eachLineWith(word: string, visit: (index: number) => void): void {
    let index = 0
    for (let at = this.#text.indexOf(word); at >= 0;) {
      index = this.#lineAt(at, index)
      visit(index)
      const next = this.#starts[index + 1]
      if (next === undefined) return
      at = this.#text.indexOf(word, next)
    }
  }

  /** The line that a place in the text lies in; `from` is a line before it, and mostly just before it. */
  #lineAt(at: number, from: number): number {
    let low = from
    let step = 1
    while (low + step < this.#starts.length && this.#starts[low + step]! <= at) {
      low += step
      step *= 2
    }
    let high = Math.min(low + step, this.#starts.length) - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Where a line ends, its separator left out. */
  #endOf(index: number): number {
    return (this.#starts[index + 1] ?? this.#text.length) - SEPARATOR.length
  }

  #hasAll(index: number, words: readonly string[]): boolean {
    const line = this.#text.slice(this.#starts[index], this.#endOf(index))
    return words.every((word) => line.includes(word))
  }

  #rank(index: number, words: readonly string[]): 0 | 1 | 2 | 3 {
    const [first = ''] = words
    const start = this.#starts[index]!
    if (words.length === 1 && this.#isExact(index, first)) return 0
    if (this.#text.startsWith(first, start)) return 1
    const name = this.#text.slice(start, this.#text.indexOf(FIELD, start))
    return name.includes(` ${first}`) ? 2 : 3
  }

  /** The word is a SKU or a code of this line, padded with zeros or not. */
  #isExact(index: number, word: string): boolean {
    const end = this.#endOf(index)
    const bare = trimZeros(word)
    if (bare === '') return false
    for (let at = this.#text.indexOf(FIELD, this.#starts[index]); at >= 0 && at < end;) {
      const next = this.#text.indexOf(FIELD, at + 1)
      const to = next >= 0 && next < end ? next : end
      // Most fields are told apart by their length.
      if (to - at - 1 >= bare.length) {
        const zeros = to - at - 1 - bare.length
        if (this.#text.startsWith(bare, at + 1 + zeros) && trimZeros(this.#text.slice(at + 1, to)) === bare) return true
      }
      at = next
    }
    return false
  }

  #build(): void {
    const items = [...this.#source.items()].filter((item) => !item.archived)
    const lines = items.map((item) => ({
      id: item.id,
      text: folded([item.name, item.sku ?? '', ...this.#source.codesOf(item.id)].join(FIELD)),
    }))
    lines.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    this.#ids = lines.map(({ id }) => id)
    this.#starts = []
    let start = 0
    for (const { text } of lines) {
      this.#starts.push(start)
      start += text.length + 1
    }
    this.#text = lines.map(({ text }) => text + SEPARATOR).join('')
    this.#stale = false
  }
}

/** Lower case without accents, so that "cafe" finds "Café". Separators inside would split a line. */
function folded(text: string): string {
  const lower = text.toLowerCase()
  const plain = /\P{ASCII}/u.test(lower) ? lower.normalize('NFD').replace(/\p{M}/gu, '') : lower
  return plain.includes(SEPARATOR) ? plain.replaceAll(SEPARATOR, ' ') : plain
}

function trimZeros(code: string): string {
  return code.replace(/^0+/, '')
}
