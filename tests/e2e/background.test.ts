// What the service worker sends while no tab is open, in real Chromium, whose debugger fires Background Sync.
import type { BrowserContext } from '@playwright/test'
import type { Shop } from './support/shop.ts'
import { expect, test, withdrawOffline } from './support/shop.ts'

const PUSH_TAG = 'stockhand-push'

/**
 * Fires a Background Sync, as the browser does when it is online again. Needs any page of the browser for the debugger.
 */
async function fireSync({ context, shop }: { context: BrowserContext; shop: Shop }): Promise<void> {
  const other = await context.newPage()
  await other.goto(`${shop.url}/healthz`) // a page of the same origin without the app
  const session = await context.newCDPSession(other)
  const registrationId = await new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find(({ scopeURL, isDeleted }) => scopeURL === `${shop.url}/` && !isDeleted)
      if (own) resolve(own.registrationId)
    })
    void session.send('ServiceWorker.enable')
  })
  await session.send('ServiceWorker.dispatchSyncEvent', {
    origin: shop.url,
    registrationId,
    tag: PUSH_TAG,
    lastChance: false,
  })
}

test('[D16] pending mutations are sent while no tab is open, and a tab applies the answer later without doubling them', async ({
  shop,
}) => {
  const device = await shop.signedIn('staff')
  const { page, context } = device
  await withdrawOffline(shop, device, 3)
  expect(await page.evaluate(tagsOf)).toContain(PUSH_TAG)
  await page.close()
  await context.setOffline(false)
  await fireSync({ context, shop })
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA)).toBe(47)
  const again = await context.newPage()
  await again.goto('/')
  await expect(again.getByText(/waiting/)).toBeHidden()
  await expect(again.getByRole('status').filter({ hasText: 'Online' })).toBeVisible()
  expect(await shop.quantityOf(shop.coffee, shop.binA)).toBe(47)
  expect(await shop.movementsOf(shop.coffee)).toBe(4)
})

test('[D16] while a person works offline the service worker does not send anything either', async ({ shop }) => {
  const device = await shop.signedIn('staff')
  const { page, context } = device
  await page.getByRole('link', { name: /Tray/ }).click()
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await page.getByRole('link', { name: 'Scan' }).click()
  await withdrawOffline(shop, device, 2)
  await page.close()
  await context.setOffline(false)
  await fireSync({ context, shop })
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(await shop.quantityOf(shop.coffee, shop.binA)).toBe(50)
})

test('[D16] while a tab is open the service worker does not send requests', async ({ shop }) => {
  const device = await shop.signedIn('staff')
  const asked: string[] = []
  device.context.on('request', (request) => {
    if (request.serviceWorker() && request.url().includes('/trpc/')) asked.push(request.url())
  })
  await withdrawOffline(shop, device, 1)
  await device.context.setOffline(false)
  await fireSync({ context: device.context, shop })
  await expect(device.page.getByText(/waiting/)).toBeHidden()
  expect(asked).toEqual([])
})

async function tagsOf(): Promise<string[]> {
  const registration = (await navigator.serviceWorker.ready) as ServiceWorkerRegistration & {
    sync: { getTags(): Promise<string[]> }
  }
  return registration.sync.getTags()
}
