// Every scan is stored before anything else happens to it, in the order of the triggers, and then goes to whoever asked
// last and has a use for it. A scan that cannot be stored is said aloud and stays in sight until a person has seen it. Keeps Z1.
import { signal } from '@preact/signals'
import type { ScanRecord } from '../device/records.ts'
import type { DefaultScanHandler, ScanHandler } from '../context/workspace.ts'
import type { Scan } from '../scanner/code.ts'

interface Store {
  store(scan: Pick<ScanRecord, 'code' | 'at' | 'mode' | 'locationId'>): Promise<ScanRecord>
}

export class ScanDispatcher {
  /** Codes that this device could not keep: to be written down by hand. */
  readonly unsavedScans = signal<readonly string[]>([])
  readonly #store: Store
  readonly #fallback: DefaultScanHandler
  #handlers: readonly ScanHandler[] = []
  #stored: Promise<void> = Promise.resolve()

  constructor({ store, fallback }: { store: Store; fallback: DefaultScanHandler }) {
    this.#store = store
    this.#fallback = fallback
  }

  /** Returns what ends it. */
  readonly handle = (handler: ScanHandler): (() => void) => {
    const own = { ...handler }
    this.#handlers = [...this.#handlers, own]
    return () => {
      this.#handlers = this.#handlers.filter((other) => other !== own)
    }
  }

  /** Resolves when the scan is kept and handed on. */
  dispatch(scan: Scan): Promise<void> {
    const takers = [this.#fallback, ...this.#handlers].toReversed()
    const { mode, locationId } = (takers.find(({ context }) => context)?.context ?? this.#fallback.context)()
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
    }: { storing: Promise<ScanRecord>; previous: Promise<void>; takers: readonly ScanHandler[] },
  ): Promise<void> {
    const [, kept] = await Promise.allSettled([previous, storing])
    if (kept.status === 'fulfilled') takers.some((handler) => handler.handle(kept.value, scan))
    else this.unsavedScans.value = [...this.unsavedScans.value, scan.code]
  }
}
