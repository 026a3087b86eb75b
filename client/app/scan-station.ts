// Every scan is stored before anything else happens to it, in the order of the triggers, and then goes to whoever asked
// last. A scan that cannot be stored is said aloud and stays in sight until a person has seen it. Keeps Z1.
import { signal } from '@preact/signals'
import type { ScanRecord } from '../device/database.ts'
import type { ScanTaker } from '../parts/app-context.ts'
import type { Scan } from '../scanner/code.ts'

interface Store {
  store(scan: Pick<ScanRecord, 'code' | 'at' | 'mode' | 'locationId'>): Promise<ScanRecord>
}

export class ScanStation {
  /** Codes that this device could not keep: to be written down by hand. */
  readonly lost = signal<readonly string[]>([])
  readonly #store: Store
  readonly #otherwise: ScanTaker
  #takers: readonly ScanTaker[] = []
  #stored: Promise<void> = Promise.resolve()

  constructor({ store, otherwise }: { store: Store; otherwise: ScanTaker }) {
    this.#store = store
    this.#otherwise = otherwise
  }

  /** Returns what ends it. */
  readonly take = (taker: ScanTaker): (() => void) => {
    const own = { ...taker }
    this.#takers = [...this.#takers, own]
    return () => {
      this.#takers = this.#takers.filter((other) => other !== own)
    }
  }

  /** Resolves when the scan is kept and handed on. */
  receive(scan: Scan): Promise<void> {
    const taker = this.#takers.at(-1) ?? this.#otherwise
    const { mode, locationId } = taker.context()
    const storing = this.#store.store({ code: scan.code, at: scan.at, mode, locationId })
    const previous = this.#stored
    this.#stored = this.#hand(scan, { storing, previous, taker })
    return this.#stored
  }

  async #hand(
    scan: Scan,
    { storing, previous, taker }: { storing: Promise<ScanRecord>; previous: Promise<void>; taker: ScanTaker },
  ): Promise<void> {
    const [, kept] = await Promise.allSettled([previous, storing])
    if (kept.status === 'fulfilled') taker.take(kept.value, scan)
    else this.lost.value = [...this.lost.value, scan.code]
  }
}
