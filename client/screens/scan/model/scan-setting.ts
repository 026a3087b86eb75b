// What scanning does and where, remembered across restarts.
import { signal } from '@preact/signals'

export const MODES = ['look', 'receive', 'withdraw', 'move', 'count'] as const
export type Mode = (typeof MODES)[number]
/** What happens in a place, and changes stock. */
export type StockMode = Exclude<Mode, 'look'>

export interface SettingStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

interface Setting {
  mode: Mode
  locationId: string | null
  /** Since when this mode is at work in this place, Unix ms: what one stay at a shelf counts. */
  since: number
}

export class ScanSetting {
  readonly #now = signal<Setting>({ mode: 'look', locationId: null, since: 0 })
  readonly #kept: SettingStore
  readonly #key: string

  constructor({ kept, deviceName }: { kept: SettingStore; deviceName: string }) {
    this.#kept = kept
    this.#key = `stockhand.scan.${deviceName}`
    const text = kept.getItem(this.#key)
    if (text !== null) this.#now.value = { ...this.#now.value, ...(JSON.parse(text) as Partial<Setting>) }
    if (!MODES.includes(this.#now.value.mode)) this.#now.value = { ...this.#now.value, mode: 'look' }
  }

  get mode(): Mode {
    return this.#now.value.mode
  }

  get locationId(): string | null {
    return this.#now.value.locationId
  }

  get since(): number {
    return this.#now.value.since
  }

  change(changed: Partial<Setting>): void {
    this.#now.value = { ...this.#now.value, ...changed }
    this.#kept.setItem(this.#key, JSON.stringify(this.#now.value))
  }
}
