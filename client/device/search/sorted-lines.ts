// A line of text for each item, in the order of the lines: sorted blocks of about a thousand, so that a change costs one
// block and not all of them, and so that a hundred thousand can be brought in order bit by bit.
import type { Item } from '#shared/rows/rows.ts'

export interface SearchLine {
  item: Item
  /** Without a line's end. */
  text: string
}

/** More lines than this become two blocks: a changed block is written anew, which takes a tenth of a millisecond. */
const BLOCK_LINES = 1_000
const END = '\n'

/** Lines that stand in one text, one after the other. */
export interface Block {
  readonly text: string
  readonly items: readonly Item[]
  /** Where each line begins in the text; one more for the end of the last. */
  readonly starts: readonly number[]
}

class SortedBlock implements Block {
  text = ''
  items: Item[] = []
  starts: number[] = [0]
  /** Lines that have come and are not in the text yet. */
  readonly coming = new Map<string, SearchLine>()
  /** Items whose lines in the text are not theirs any more. */
  readonly gone = new Set<string>()
  /** The least line: what comes before it belongs to the block before. */
  first: SearchLine | undefined

  get isSettled(): boolean {
    return this.coming.size === 0 && this.gone.size === 0
  }

  fill(lines: readonly SearchLine[]): void {
    this.coming.clear()
    this.gone.clear()
    this.first = lines[0]
    this.text = lines.map(({ text }) => text + END).join('')
    this.items = lines.map(({ item }) => item)
    this.starts = [0]
    for (const { text } of lines) this.starts.push(this.starts.at(-1)! + text.length + END.length)
  }

  /** The lines as they are now, in their order. */
  lines(): SearchLine[] {
    const lines = [...this.coming.values()]
    for (const [index, item] of this.items.entries()) {
      if (this.gone.has(item.id)) continue
      lines.push({ item, text: this.text.slice(this.starts[index], this.starts[index + 1]! - END.length) })
    }
    return lines.toSorted(compare)
  }
}

export class SortedLines {
  readonly #blockLines: number
  #blocks = [new SortedBlock()]
  readonly #blockOf = new Map<string, SortedBlock>()
  readonly #unsettled = new Set<SortedBlock>()

  constructor(blockLines = BLOCK_LINES) {
    this.#blockLines = blockLines
  }

  /** How many items have a line. */
  get size(): number {
    return this.#blockOf.size
  }

  /** The lines as they were when their blocks were settled. */
  get blocks(): readonly Block[] {
    return this.#blocks
  }

  /** Gives an item its line, in place of the one that it had. */
  put(line: SearchLine): void {
    const { id } = line.item
    this.remove(id)
    const block = this.#blocks[this.#place(line)]!
    block.coming.set(id, line)
    this.#blockOf.set(id, block)
    this.#unsettled.add(block)
  }

  remove(id: string): void {
    const block = this.#blockOf.get(id)
    if (!block) return
    this.#blockOf.delete(id)
    block.coming.delete(id)
    block.gone.add(id)
    this.#unsettled.add(block)
  }

  clear(): void {
    this.#blocks = [new SortedBlock()]
    this.#blockOf.clear()
    this.#unsettled.clear()
  }

  /** Takes into the text whatever came or went. */
  settle(): void {
    while (this.settleOne(0));
  }

  /** Settles one block in which more than so many lines wait. False where there is none. */
  settleOne(above: number): boolean {
    for (const block of this.#unsettled) {
      if (block.coming.size + block.gone.size <= above) continue
      this.#settle(block)
      return true
    }
    return false
  }

  #settle(block: SortedBlock): void {
    this.#unsettled.delete(block)
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

  /** The last block that begins before the line, or the first one. */
  #place(line: SearchLine): number {
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

/** By their text, and those that are the same by their items. */
function compare(a: SearchLine, b: SearchLine): number {
  if (a.text !== b.text) return a.text < b.text ? -1 : 1
  return a.item.id < b.item.id ? -1 : 1
}
