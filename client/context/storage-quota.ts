// Watches how much storage the browser leaves to this device, to warn before it runs out.
import { signal } from '@preact/signals'

/** Below this, a large pull may no longer fit. */
const LOW_BYTES = 50_000_000
const CHECK_MS = 300_000

/** True if little storage is left. */
export const isStorageLow = signal(false)

/** Checks now and every few minutes. */
export function watchStorage(): void {
  const check = async () => {
    const { usage = 0, quota = Number.POSITIVE_INFINITY } = await navigator.storage.estimate()
    isStorageLow.value = quota - usage < LOW_BYTES
  }
  const tryCheck = () => void check().catch(() => undefined) // not every browser supports it
  tryCheck()
  setInterval(tryCheck, CHECK_MS)
}
