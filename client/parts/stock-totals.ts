// Which items are in stock and which are below their level, over the whole catalogue. Counted in slices between frames,
// and again when stock or items have changed, so that a hundred thousand items hold up no scan.
import { effect, signal } from '@preact/signals'
import type { Device } from '../device/device.ts'

export interface Totals {
  inStock: ReadonlySet<string>
  /** Items whose whole stock is below their low level. */
  low: ReadonlySet<string>
}

/** About four milliseconds of work. */
const SLICE = 2000
/** Changes within this time are counted together. */
const SETTLE_MS = 400

const known = new WeakMap<Device, StockTotals>()

export function stockTotals(device: Device): StockTotals {
  let totals = known.get(device)
  if (!totals) known.set(device, (totals = new StockTotals(device)))
  return totals
}

export class StockTotals {
  /** Undefined until the first count is through. */
  readonly current = signal<Totals | undefined>(undefined)
  readonly #device: Device
  #watchers = 0
  #stop: (() => void) | undefined
  #round = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(device: Device) {
    this.#device = device
  }

  /** Keeps the totals up to date until the returned function is called. */
  readonly watch = (): (() => void) => {
    if (this.#watchers++ === 0) {
      this.#stop = effect(() => {
        // Subscribes to all positions and items; the counting itself is outside.
        this.#device.view.totalOf('')
        void this.#device.view.itemCount
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => void this.#count(), this.current.peek() ? SETTLE_MS : 0)
      })
    }
    return () => {
      if (--this.#watchers > 0) return
      clearTimeout(this.#timer)
      this.#round++
      this.#stop?.()
    }
  }

  async #count(): Promise<void> {
    const round = ++this.#round
    const { view } = this.#device
    const { ids } = view.search('', { limit: Number.POSITIVE_INFINITY })
    const inStock = new Set<string>()
    const low = new Set<string>()
    for (let at = 0; at < ids.length; at += SLICE) {
      for (const id of ids.slice(at, at + SLICE)) {
        const total = view.totalOf(id)
        if (total > 0) inStock.add(id)
        const level = view.item(id)?.low ?? null
        if (level !== null && total < level) low.add(id)
      }
      await new Promise((next) => setTimeout(next))
      if (round !== this.#round) return
    }
    this.current.value = { inStock, low }
  }
}
