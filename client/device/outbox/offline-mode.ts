// Whether a person works offline. As they switched it in this session it holds, also where a full disk does not keep it;
// that is said, and the disk is asked again until it does. Keeps D9, D16.
import { signal } from '@preact/signals'
import type { DeviceDatabase } from '../storage/database.ts'
import { isStorageFailure } from '../storage/storage-failure.ts'

export class OfflineMode {
  /** As this tab last heard. */
  isOn = false
  /** The disk says otherwise: a restart, or the service worker, would not know. */
  readonly isUnsaved = signal(false)
  readonly #database: DeviceDatabase

  constructor(database: DeviceDatabase) {
    this.#database = database
  }

  /** Switched, in this tab or another: which of them keeps it is whose person did. */
  setFromPeer(isOn: boolean): void {
    this.isOn = isOn
    this.isUnsaved.value = false
  }

  /** The disk has been read: what it refused to keep holds all the same. */
  loadFromDisk(isOn: boolean): void {
    if (!this.isUnsaved.value) this.isOn = isOn
  }

  /** Keeps it for the next start, and for the service worker. `again` resolves when a disk that refused may be asked again. */
  async set(isOn: boolean, { again, signal }: { again: () => Promise<void>; signal: AbortSignal }): Promise<void> {
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
      await again()
    }
  }
}
