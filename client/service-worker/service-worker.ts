// The service worker: the whole app from the cache, so that it opens without a connection. Navigations get index.html,
// but for the paths the server answers itself. A new version waits until the app says so (see SKIP_WAITING): half a
// draft is never reloaded away.
import { cleanupOutdatedCaches, createHandlerBoundToURL, precacheAndRoute } from 'workbox-precaching'
import { NavigationRoute, registerRoute } from 'workbox-routing'

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

function isSkipWaiting(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'SKIP_WAITING'
}
