// Whether a person works offline. As they switched it in this session it holds, also where a full disk does not keep it;
// that is said, and the disk is asked again until it does. Keeps D9, D16.
import { signal } from '@preact/signals'
import type { DeviceDatabase } from '../storage/database.ts'
import { isStorageFailure } from '../storage/storage-failure.ts'

export class Paused {
  /** As this tab last heard. */
  isOn = false
  /** The disk says otherwise: a restart, or the service worker, would not know. */
  readonly isUnkept = signal(false)
  readonly #database: DeviceDatabase

  constructor(database: DeviceDatabase) {
    this.#database = database
  }

  /** Switched, in this tab or another: which of them keeps it is whose person did. */
  heard(isOn: boolean): void {
    this.isOn = isOn
    this.isUnkept.value = false
  }

  /** The disk has been read: what it refused to keep holds all the same. */
  found(isOn: boolean): void {
    if (!this.isUnkept.value) this.isOn = isOn
  }

  /** Keeps it for the next start, and for the service worker. `again` resolves when a disk that refused may be asked again. */
  async choose(isOn: boolean, { again, signal }: { again: () => Promise<void>; signal: AbortSignal }): Promise<void> {
    this.isOn = isOn
    while (this.isOn === isOn && !signal.aborted) {
      try {
        await this.#database.writeMeta('paused', isOn)
        this.isUnkept.value = false
        return
      } catch (error) {
        if (!isStorageFailure(error)) throw error
        this.isUnkept.value = true
      }
      await again()
    }
  }
}
