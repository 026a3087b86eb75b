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
    const [longest = ''] = words.toSorted((a, b) => b.length - a.length)
    const ranked: { index: number; rank: number }[] = []
    let total = 0
    const consider = (index: number) => {
      if (words.length > 1 && !words.every((word) => this.#line(index).includes(word))) return
      if (accept && !accept(this.#ids[index]!)) return
      total += 1
      ranked.push({ index, rank: words.length === 0 ? 0 : this.#rank(index, words) })
    }
    if (longest === '') for (let index = 0; index < this.#ids.length; index++) consider(index)
    else this.#eachLineWith(longest, consider)
    ranked.sort((a, b) => a.rank - b.rank || a.index - b.index)
    return { ids: ranked.slice(0, limit).map(({ index }) => this.#ids[index]!), total }
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

  /** The line that a place in the text lies in; `from` is a line before it. */
  #lineAt(at: number, from: number): number {
    let low = from
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.#starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return low
  }

  #line(index: number): string {
    return this.#text.slice(this.#starts[index], this.#starts[index + 1] ?? this.#text.length)
  }

  #rank(index: number, words: readonly string[]): number {
    const [first = ''] = words
    const line = this.#line(index)
    const [name = '', sku = '', ...codes] = line.trimEnd().split('\t')
    if (
      words.length === 1 &&
      (sku === first || codes.some((code) => code === first || trimZeros(code) === trimZeros(first)))
    )
      return 0
    if (name.startsWith(first)) return 1
    return name.includes(` ${first}`) ? 2 : 3
  }

  #build(): void {
    const items = [...this.#source.items()].filter((item) => !item.archived)
    const lines = items.map((item) => ({
      id: item.id,
      text: folded([item.name, item.sku ?? '', ...this.#source.codesOf(item.id)].join('\t')),
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
