// Registers the service worker. A new version is activated only when the person wants it and no work is unfinished.
import { effect, signal } from '@preact/signals'
import type { Drafts } from '../context/drafts.ts'

export const updateReady = signal(false)

/** A handheld's app is never closed, so it checks for a new version regularly. */
const CHECK_MS = 3_600_000

let skipWaiting: (() => void) | undefined

export async function watchUpdates(drafts: Drafts): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return
  const { Workbox } = await import('workbox-window')
  const workbox = new Workbox('/service-worker.js')
  const isActivated = signal(false)
  workbox.addEventListener('waiting', () => (updateReady.value = true))
  // The page that installed the app had no controller before, so its next one is an update too.
  workbox.addEventListener(
    'controlling',
    ({ isUpdate }) => (isActivated.value = isUpdate === true || updateReady.value),
  )
  // Another tab may have activated the update while work is unfinished in this one.
  effect(() => {
    if (isActivated.value && drafts.open.value === 0) location.reload()
  })
  skipWaiting = () => workbox.messageSkipWaiting()
  await workbox.register()
  setInterval(() => void workbox.update().catch(() => undefined), CHECK_MS)
}

export function applyUpdate(): void {
  skipWaiting?.()
}
