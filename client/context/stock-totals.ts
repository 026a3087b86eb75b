// Which items of the whole catalogue are in stock, and which are below their low level. Counted in slices between
// frames, and again when stock or items change, so that a hundred thousand items do not delay a scan.
import { effect, signal } from '@preact/signals'
import type { Device } from '../device/device.ts'

export interface Totals {
  inStock: ReadonlySet<string>
  /** Items whose total stock is below their low level. */
  low: ReadonlySet<string>
}

/** The longest slice without a break, so that no frame waits longer, even on the slowest device. */
const SLICE_MS = 4
/** How many items are counted between two checks of the clock. */
const CHECK_EVERY = 50
/** Changes within this time are counted together. */
const DEBOUNCE_MS = 400

export class StockTotals {
  /** Undefined until the first count is complete. */
  readonly current = signal<Totals | undefined>(undefined)
  readonly #device: Device
  #watchers = 0
  #isOutdated = true
  #isSubscribed = false
  #round = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(device: Device) {
    this.#device = device
  }

  /** Keeps the totals up to date until the returned function is called. */
  readonly watch = (): (() => void) => {
    this.#watchers++
    if (this.#isSubscribed) this.#scheduleCount()
    else this.#subscribe()
    return () => {
      if (--this.#watchers === 0) clearTimeout(this.#timer)
    }
  }

  /** Subscribes for good when the first watcher arrives, so that unchanged stock is not counted again later. */
  #subscribe(): void {
    this.#isSubscribed = true
    effect(() => {
      // Subscribes to all positions and items. The counting runs outside this effect.
      this.#device.queries.totalOf('')
      void this.#device.queries.itemCount
      this.#isOutdated = true
      this.#scheduleCount()
    })
  }

  #scheduleCount(): void {
    if (!this.#isOutdated || this.#watchers === 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#count(), this.current.peek() ? DEBOUNCE_MS : 0)
  }

  async #count(): Promise<void> {
    const round = ++this.#round
    this.#isOutdated = false
    const { queries } = this.#device
    const inStock = new Set<string>()
    const low = new Set<string>()
    let until = performance.now() + SLICE_MS
    let counted = 0
    for (const item of queries.items()) {
      const total = queries.totalOf(item.id)
      if (total > 0) inStock.add(item.id)
      if (item.low !== null && total < item.low) low.add(item.id)
      counted += 1
      if (counted % CHECK_EVERY !== 0 || performance.now() < until) continue
      await new Promise((next) => setTimeout(next))
      if (round !== this.#round) return
      until = performance.now() + SLICE_MS
    }
    this.current.value = { inStock, low }
  }
}
