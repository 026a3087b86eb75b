// Whether the person works offline. The choice of this session applies even if a full disk cannot store it; the app
// says so, and the write is retried until it succeeds. Keeps D9, D16.
import { signal } from '@preact/signals'
import type { DeviceDatabase } from '../storage/database.ts'
import { isStorageFailure } from '../storage/storage-failure.ts'

export class OfflineMode {
  /** The current choice, as far as this tab knows. */
  isOn = false
  /** The disk has another value, so a restart or the service worker would not know the choice. */
  readonly isUnsaved = signal(false)
  readonly #database: DeviceDatabase

  constructor(database: DeviceDatabase) {
    this.#database = database
  }

  /** Applies a choice made in this tab or another one. The tab in which the person made it stores it. */
  setFromPeer(isOn: boolean): void {
    this.isOn = isOn
    this.isUnsaved.value = false
  }

  /** Applies the stored value, unless a newer choice could not be stored. */
  loadFromDisk(isOn: boolean): void {
    if (!this.isUnsaved.value) this.isOn = isOn
  }

  /**
   * Stores the choice for the next start and the service worker. `waitForRetry` resolves when a failed write may be
   * retried.
   */
  async set(
    isOn: boolean,
    { waitForRetry, signal }: { waitForRetry: () => Promise<void>; signal: AbortSignal },
  ): Promise<void> {
    this.isOn = isOn
    while (this.isOn === isOn && !signal.aborted) {
      try {
        await this.#database.writeMeta('paused', isOn)
        this.isUnsaved.value = false
        return
      } catch (error) {
        if (!isStorageFailure(error)) throw error
        this.isUnsaved.value = true
      }
      await waitForRetry()
    }
  }
}
