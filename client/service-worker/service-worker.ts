// The service worker: the whole app from the cache, so that it opens without a connection. Navigations get index.html,
// but for the paths the server answers itself. A new version waits until the app says so (see SKIP_WAITING): half a
// draft is never reloaded away. What waits is sent with no tab open (Background Sync).
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'
import { DeviceDatabase } from '../device/storage/database.ts'
import { deviceName } from '../device/storage/device-name.ts'
import { pushInBackground } from '../sync/background-push.ts'
import { isSyncLockHeld } from '../sync/lock-name.ts'
import { PUSH_TAG } from '../sync/push-tag.ts'
import { RequestError } from '../sync/sync-transport.ts'
import { fetchTransport, refresh } from './fetch-transport.ts'

/** The browser fires it when it believes in a connection, also when no tab is open any more. */
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

// The first installation takes the open page at once, so that it works offline without a second visit.
self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim())
})

self.addEventListener('sync', (event) => {
  const { tag } = event as SyncEvent
  if (tag === PUSH_TAG) (event as SyncEvent).waitUntil(pushWhatWaits())
})

/** Rejects where the browser should try again later. */
async function pushWhatWaits(): Promise<void> {
  if (await isSyncLockHeld()) return // a token more would only be another one to lose
  try {
    const signedIn = await refresh()
    await pushInBackground(new DeviceDatabase(deviceName(signedIn)), fetchTransport(signedIn.accessToken))
  } catch (error) {
    if (error instanceof RequestError && error.refusal === 'unauthenticated') return // kept until somebody signs in
    throw error
  }
}

function isSkipWaiting(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'SKIP_WAITING'
}
