// One line of text per item, sorted, in blocks of about a thousand lines: a change rewrites one block instead of
// everything, and a hundred thousand lines can be sorted step by step.
import type { Item } from '#shared/rows/rows.ts'

export interface SearchLine {
  item: Item
  /** Without a line end. */
  text: string
}

/** A block with more lines is split. Rewriting a changed block takes a tenth of a millisecond. */
const BLOCK_LINES = 1_000
const END = '\n'

/** Lines in one text, one after the other. */
export interface Block {
  readonly text: string
  readonly items: readonly Item[]
  /** The index of each line in the text, and the end of the last one. */
  readonly starts: readonly number[]
}

class SortedBlock implements Block {
  text = ''
  items: Item[] = []
  starts: number[] = [0]
  /** Lines that are not in the text yet. */
  readonly added = new Map<string, SearchLine>()
  /** Items whose lines in the text are out of date. */
  readonly removed = new Set<string>()
  /** The first line: earlier ones belong to the block before. */
  first: SearchLine | undefined

  fill(lines: readonly SearchLine[]): void {
    this.added.clear()
    this.removed.clear()
    this.first = lines[0]
    this.text = lines.map(({ text }) => text + END).join('')
    this.items = lines.map(({ item }) => item)
    this.starts = [0]
    for (const { text } of lines) this.starts.push(this.starts.at(-1)! + text.length + END.length)
  }

  /** The current lines, sorted. */
  lines(): SearchLine[] {
    const lines = [...this.added.values()]
    for (const [index, item] of this.items.entries()) {
      if (this.removed.has(item.id)) continue
      lines.push({ item, text: this.text.slice(this.starts[index], this.starts[index + 1]! - END.length) })
    }
    return lines.toSorted(compare)
  }
}

export class SortedLines {
  readonly #blockLines: number
  #blocks = [new SortedBlock()]
  readonly #blockOf = new Map<string, SortedBlock>()
  readonly #changed = new Set<SortedBlock>()

  constructor(blockLines = BLOCK_LINES) {
    this.#blockLines = blockLines
  }

  /** The number of items with a line. */
  get size(): number {
    return this.#blockOf.size
  }

  /** The lines as of the last rewrite of their blocks. */
  get blocks(): readonly Block[] {
    return this.#blocks
  }

  /** Sets the line of an item. */
  put(line: SearchLine): void {
    const { id } = line.item
    this.remove(id)
    const block = this.#blocks[this.#blockFor(line)]!
    block.added.set(id, line)
    this.#blockOf.set(id, block)
    this.#changed.add(block)
  }

  remove(id: string): void {
    const block = this.#blockOf.get(id)
    if (!block) return
    this.#blockOf.delete(id)
    block.added.delete(id)
    block.removed.add(id)
    this.#changed.add(block)
  }

  clear(): void {
    this.#blocks = [new SortedBlock()]
    this.#blockOf.clear()
    this.#changed.clear()
  }

  /** Rewrites all changed blocks. */
  rewrite(): void {
    while (this.rewriteOne(0));
  }

  /** Rewrites one block with more changed lines than this. Returns false without such a block. */
  rewriteOne(above: number): boolean {
    for (const block of this.#changed) {
      if (block.added.size + block.removed.size <= above) continue
      this.#rewrite(block)
      return true
    }
    return false
  }

  #rewrite(block: SortedBlock): void {
    this.#changed.delete(block)
    const lines = block.lines()
    const at = this.#blocks.indexOf(block)
    const count = Math.ceil(lines.length / this.#blockLines)
    const parts = Array.from({ length: count }, (_, part) => (part === 0 ? block : new SortedBlock()))
    for (const [part, filled] of parts.entries()) {
      filled.fill(lines.slice((lines.length * part) / count, (lines.length * (part + 1)) / count))
      if (part > 0) for (const { id } of filled.items) this.#blockOf.set(id, filled)
    }
    if (count === 0) block.fill([])
    if (count > 0 || this.#blocks.length > 1) this.#blocks.splice(at, 1, ...parts)
  }

  /** The last block that begins before the line, or the first block. */
  #blockFor(line: SearchLine): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      const { first } = this.#blocks[middle]!
      if (first && compare(first, line) <= 0) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Compares by text, then by id. */
function compare(a: SearchLine, b: SearchLine): number {
  if (a.text !== b.text) return a.text < b.text ? -1 : 1
  return a.item.id < b.item.id ? -1 : 1
}
