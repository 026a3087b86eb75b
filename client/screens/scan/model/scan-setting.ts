// The mode of the scan screen and its location, stored on this device so that a restart continues with them.
import { signal } from '@preact/signals'
import * as z from 'zod/mini'
import { idSchema } from '#shared/values/id.ts'
import { readSetting, type SettingStore, writeSetting } from '../../../session/local-setting.ts'

export const MODES = ['look', 'receive', 'withdraw', 'move', 'count'] as const
export type Mode = (typeof MODES)[number]
/** A mode that changes stock at a location. */
export type StockMode = Exclude<Mode, 'look'>

const settingSchema = z.object({
  mode: z._default(z.enum(MODES), 'look'),
  locationId: z._default(z.nullable(idSchema), null),
  since: z._default(z.number(), 0),
})
type Setting = z.infer<typeof settingSchema>

export class ScanSetting {
  readonly #current: { value: Setting }
  readonly #store: SettingStore
  readonly #key: string

  constructor({ store, deviceName }: { store: SettingStore; deviceName: string }) {
    this.#store = store
    this.#key = `stockhand.scan.${deviceName}`
    this.#current = signal(readSetting(store, this.#key, settingSchema) ?? settingSchema.parse({}))
  }

  get mode(): Mode {
    return this.#current.value.mode
  }

  get locationId(): string | null {
    return this.#current.value.locationId
  }

  /** When this mode started at this location, Unix ms. The counts of one item since then are one count. */
  get since(): number {
    return this.#current.value.since
  }

  change(changed: Partial<Setting>): void {
    this.#current.value = { ...this.#current.value, ...changed }
    writeSetting(this.#store, this.#key, this.#current.value)
  }
}
