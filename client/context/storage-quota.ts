// How much room the browser leaves this device: said before it runs out.
import { signal } from '@preact/signals'

/** Below this, a large pull may no longer fit. */
const LOW_BYTES = 50_000_000
const CHECK_MS = 300_000

/** True where little is left. */
export const storageIsLow = signal(false)

/** Asks now and every few minutes. */
export function watchStorage(): void {
  const check = async () => {
    const { usage = 0, quota = Number.POSITIVE_INFINITY } = await navigator.storage.estimate()
    storageIsLow.value = quota - usage < LOW_BYTES
  }
  const ask = () => void check().catch(() => undefined) // not every browser tells
  ask()
  setInterval(ask, CHECK_MS)
}
