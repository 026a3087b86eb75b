// The service worker serves the app from the cache, so that it opens without a connection. Navigations get index.html,
// except for paths of the server. A new version waits until the app sends SKIP_WAITING, so that no draft is lost by a
// reload. Pushes pending mutations while no tab is open (Background Sync).
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { DeviceDatabase } from '../device/storage/database.ts'
import { deviceName } from '../device/storage/device-name.ts'
import { pushInBackground } from '../sync/background-push.ts'
import { isSyncLockHeld } from '../sync/lock-name.ts'
import { PUSH_TAG } from '../sync/push-tag.ts'
import { RequestError } from '../sync/sync-transport.ts'
import { fetchTransport, refresh } from './fetch-transport.ts'

/** The browser fires it when it expects a connection, even if no tab is open. */
interface SyncEvent extends ExtendableEvent {
  readonly tag: string
}

declare const self: ServiceWorkerGlobalScope & {
  readonly __WB_MANIFEST: (string | { url: string; revision: string | null })[]
}

const SERVER_PATHS = [/^\/trpc(\/|$)/, /^\/healthz$/, /^\/readyz$/, /^\/metrics$/]

precacheAndRoute(self.__WB_MANIFEST)
cleanupOutdatedCaches()
registerRoute(new NavigationRoute(createHandlerBoundToURL('/index.html'), { denylist: SERVER_PATHS }))

self.addEventListener('message', (event) => {
  if (isSkipWaiting(event.data)) void self.skipWaiting()
})

// The first installation controls the open page at once, so that it works offline without a second visit.
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener('sync', (event) => {
  const { tag } = event as SyncEvent
  if (tag === PUSH_TAG) (event as SyncEvent).waitUntil(pushPending())
})

/** Rejects if the browser should try again later. */
async function pushPending(): Promise<void> {
  if (await isSyncLockHeld()) return // renewing the token as well could only lose it
  try {
    const signedIn = await refresh()
    await pushInBackground(new DeviceDatabase(deviceName(signedIn)), fetchTransport(signedIn.accessToken))
  } catch (error) {
    // the mutations stay until somebody signs in
    if (error instanceof RequestError && error.refusal === 'unauthenticated') return
    throw error
  }
}

function isSkipWaiting(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'SKIP_WAITING'
}
