// Which items are in stock and which are below their level, over the whole catalogue. Counted in slices between frames,
// and again when stock or items have changed, so that a hundred thousand items hold up no scan.
import { effect, signal } from '@preact/signals'
import type { Device } from '../device/device.ts'

export interface Totals {
  inStock: ReadonlySet<string>
  /** Items whose whole stock is below their low level. */
  low: ReadonlySet<string>
}

/** Counted without a pause: no frame waits for longer, on the slowest device too. */
const SLICE_MS = 4
/** How many are counted between two looks at the clock. */
const STRIDE = 50
/** Changes within this time are counted together. */
const SETTLE_MS = 400

export class StockTotals {
  /** Undefined until the first count is through. */
  readonly current = signal<Totals | undefined>(undefined)
  readonly #device: Device
  #watchers = 0
  #isDue = true
  #follows = false
  #round = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(device: Device) {
    this.#device = device
  }

  /** Keeps the totals up to date until the returned function is called. */
  readonly watch = (): (() => void) => {
    this.#watchers++
    if (this.#follows) this.#wake()
    else this.#follow()
    return () => {
      if (--this.#watchers === 0) clearTimeout(this.#timer)
    }
  }

  /** From the first watcher on: what has not changed while nobody watched is not counted again. */
  #follow(): void {
    this.#follows = true
    effect(() => {
      // Subscribes to all positions and items; the counting itself is outside.
      this.#device.queries.totalOf('')
      void this.#device.queries.itemCount
      this.#isDue = true
      this.#wake()
    })
  }

  #wake(): void {
    if (!this.#isDue || this.#watchers === 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#count(), this.current.peek() ? SETTLE_MS : 0)
  }

  async #count(): Promise<void> {
    const round = ++this.#round
    this.#isDue = false
    const { queries } = this.#device
    const inStock = new Set<string>()
    const low = new Set<string>()
    let until = performance.now() + SLICE_MS
    let seen = 0
    for (const item of queries.items()) {
      const total = queries.totalOf(item.id)
      if (total > 0) inStock.add(item.id)
      if (item.low !== null && total < item.low) low.add(item.id)
      seen += 1
      if (seen % STRIDE !== 0 || performance.now() < until) continue
      await new Promise((next) => setTimeout(next))
      if (round !== this.#round) return
      until = performance.now() + SLICE_MS
    }
    this.current.value = { inStock, low }
  }
}
