// An app of the previous version, installed and with a full outbox, is updated to this one in a browser.
import { expect, PASSWORD, scan, test } from './support/shop.ts'

test('an update of the previous version keeps a full outbox, and sends it once', async ({ shop }) => {
  test.setTimeout(180_000)
  await shop.startPreviousServer()
  // The texts of this half are those of the previous version.
  const { page } = await shop.device()
  await page.goto('/')
  await page.getByLabel('E-mail').fill(shop.email('staff')) // language-ok
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Online' })).toBeVisible()
  await page.evaluate(() => navigator.serviceWorker.ready)
  await page.getByRole('radio', { name: 'Withdraw', exact: true }).check({ force: true })
  await scan(page, shop.binA.code)
  await expect(page.getByText(shop.binA.name).first()).toBeVisible()
  await page.getByRole('link', { name: /Tray/ }).click()
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await page.getByRole('link', { name: 'Scan' }).click()
  for (let i = 0; i < 45; i++) await scan(page, shop.coffee.code)
  for (let i = 0; i < 15; i++) await scan(page, '4006381333931') // unknown
  await expect(page.getByText(/45 waiting/)).toBeVisible()

  await shop.server.kill()
  await shop.startServer()
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update())
  await expect(page.getByText('A new version is ready')).toBeVisible()
  const reloaded = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Update' }).click()
  await reloaded
  // From here on it is this version: the previous one has no font of its own.
  expect(await page.evaluate(() => [...document.fonts].some(({ family }) => family.includes('Inter')))).toBe(true)
  await expect(page.getByText(/45 waiting/)).toBeVisible()
  expect(await shop.movementsOf(shop.coffee)).toBe(1) // the opening stock
  await page.getByRole('link', { name: /Tray/ }).click()
  await expect(page.getByText('4006381333931').first()).toBeVisible() // the scans are there, too
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 20_000 }).toBe(5)
  expect(await shop.movementsOf(shop.coffee)).toBe(46)
})
