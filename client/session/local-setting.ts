// Settings in localStorage, each read through a schema: another version of the app, an extension or a person may have
// written anything there, and a damaged setting must not keep a screen from opening.
import type * as z from 'zod/mini'

export interface SettingStore {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** Returns undefined if the setting is missing or not valid. */
export function readSetting<T>(store: SettingStore, key: string, schema: z.ZodMiniType<T>): T | undefined {
  const text = store.getItem(key)
  if (text === null) return undefined
  try {
    const parsed = schema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined // not JSON
  }
}

export function writeSetting(store: SettingStore, key: string, value: unknown): void {
  store.setItem(key, JSON.stringify(value))
}
