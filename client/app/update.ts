// The service worker: registered here, and a new version taken only when the person says so and nothing is half done.
import { effect, signal } from '@preact/signals'
import type { Drafts } from '../context/drafts.ts'

export const updateReady = signal(false)

/** A handheld is never closed: it asks by itself whether there is a new version. */
const CHECK_MS = 3_600_000

let skipWaiting: (() => void) | undefined

export async function watchUpdates(drafts: Drafts): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  const { Workbox } = await import('workbox-window')
  const workbox = new Workbox('/service-worker.js')
  const taken = signal(false)
  workbox.addEventListener('waiting', () => (updateReady.value = true))
  // A page that installed the app itself was under no version before, and its next one is an update all the same.
  workbox.addEventListener('controlling', ({ isUpdate }) => (taken.value = isUpdate === true || updateReady.value))
  // Another tab may have taken the update while something is half done in this one.
  effect(() => {
    if (taken.value && drafts.open.value === 0) location.reload()
  })
  skipWaiting = () => workbox.messageSkipWaiting()
  await workbox.register()
  setInterval(() => void workbox.update().catch(() => undefined), CHECK_MS)
}

export function applyUpdate(): void {
  skipWaiting?.()
}
