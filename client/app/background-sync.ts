// Registers Background Sync for pending mutations, when they could not be sent or the app is no longer visible.
import { effect, signal } from '@preact/signals'
import { PUSH_TAG } from '../sync/push-tag.ts'
import type { Workspaces } from './workspaces.ts'

/** Only Chromium supports it. Elsewhere pending mutations are sent when the app is open. */
interface WithSync extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> }
}

export function requestBackgroundSync(workspaces: Workspaces): void {
  if (!('serviceWorker' in navigator)) return
  const isHidden = signal(false)
  document.addEventListener('visibilitychange', () => (isHidden.value = document.visibilityState === 'hidden'))
  addEventListener('pagehide', () => (isHidden.value = true))
  effect(() => {
    const workspace = workspaces.current.value?.workspace
    if (!workspace || workspace.device.pendingCount.value === 0) return
    const { link: state } = workspace.status.value
    if (state === 'paused' || (state === 'online' && !isHidden.value)) return
    void register()
  })
}

async function register(): Promise<void> {
  const registration: WithSync = await navigator.serviceWorker.ready
  await registration.sync?.register(PUSH_TAG).catch(() => undefined) // the person may have denied it
}
