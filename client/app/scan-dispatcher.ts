// Every scan is stored before anything else happens to it, in the order of the triggers, and then goes to whoever asked
// last and has a use for it. A scan that cannot be stored is said aloud and stays in sight until a person has seen it. Keeps Z1.
import { signal } from '@preact/signals'
import type { ScanRecord } from '../device/records.ts'
import type { LastScanTaker, ScanTaker } from '../context/workspace.ts'
import type { Scan } from '../scanner/code.ts'

interface Store {
  store(scan: Pick<ScanRecord, 'code' | 'at' | 'mode' | 'locationId'>): Promise<ScanRecord>
}

export class ScanStation {
  /** Codes that this device could not keep: to be written down by hand. */
  readonly lost = signal<readonly string[]>([])
  readonly #store: Store
  readonly #otherwise: LastScanTaker
  #takers: readonly ScanTaker[] = []
  #stored: Promise<void> = Promise.resolve()

  constructor({ store, otherwise }: { store: Store; otherwise: LastScanTaker }) {
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
    const takers = [this.#otherwise, ...this.#takers].toReversed()
    const { mode, locationId } = (takers.find(({ context }) => context)?.context ?? this.#otherwise.context)()
    const storing = this.#store.store({ code: scan.code, at: scan.at, mode, locationId })
    const previous = this.#stored
    this.#stored = this.#hand(scan, { storing, previous, takers })
    return this.#stored
  }

  async #hand(
    scan: Scan,
    {
      storing,
      previous,
      takers,
    }: { storing: Promise<ScanRecord>; previous: Promise<void>; takers: readonly ScanTaker[] },
  ): Promise<void> {
    const [, kept] = await Promise.allSettled([previous, storing])
    if (kept.status === 'fulfilled') takers.some((taker) => taker.take(kept.value, scan))
    else this.lost.value = [...this.lost.value, scan.code]
  }
}
