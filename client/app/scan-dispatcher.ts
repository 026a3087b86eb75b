// Stores every scan before anything else happens to it, in the order of the triggers, and then passes it to the newest
// handler that uses it. The code of a scan that cannot be stored stays visible until a person acknowledges it.
// Keeps Z1.
import { signal } from '@preact/signals'
import type { ScanRecord } from '../device/records.ts'
import type { DefaultScanHandler, ScanHandler } from '../context/workspace.ts'
import type { Scan } from '../scanner/code.ts'

interface Store {
  store(scan: Pick<ScanRecord, 'code' | 'at' | 'mode' | 'locationId'>): Promise<ScanRecord>
}

export class ScanDispatcher {
  /** Codes that could not be stored, for the person to write down. */
  readonly unsavedScans = signal<readonly string[]>([])
  readonly #store: Store
  readonly #fallback: DefaultScanHandler
  #handlers: readonly ScanHandler[] = []
  #stored: Promise<void> = Promise.resolve()

  constructor({ store, fallback }: { store: Store; fallback: DefaultScanHandler }) {
    this.#store = store
    this.#fallback = fallback
  }

  /** Adds a handler. Returns the function that removes it. */
  readonly handle = (handler: ScanHandler): (() => void) => {
    const own = { ...handler }
    this.#handlers = [...this.#handlers, own]
    return () => {
      this.#handlers = this.#handlers.filter((other) => other !== own)
    }
  }

  /** Resolves when the scan is stored and handled. */
  dispatch(scan: Scan): Promise<void> {
    const handlers = [this.#fallback, ...this.#handlers].toReversed()
    const { mode, locationId } = (handlers.find(({ context }) => context)?.context ?? this.#fallback.context)()
    const storing = this.#store.store({ code: scan.code, at: scan.at, mode, locationId })
    const previous = this.#stored
    this.#stored = this.#handleStored(scan, { storing, previous, handlers })
    return this.#stored
  }

  async #handleStored(
    scan: Scan,
    {
      storing,
      previous,
      handlers,
    }: { storing: Promise<ScanRecord>; previous: Promise<void>; handlers: readonly ScanHandler[] },
  ): Promise<void> {
    const [, stored] = await Promise.allSettled([previous, storing])
    if (stored.status === 'fulfilled') handlers.some((handler) => handler.handle(stored.value, scan))
    else this.unsavedScans.value = [...this.unsavedScans.value, scan.code]
  }
}
