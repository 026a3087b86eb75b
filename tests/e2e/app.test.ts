// The installed app: installability, and an update while mutations are pending.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, scan, selectModeAndBin, test } from './support/shop.ts'

const WORKER = 'dist/client/service-worker.js'

test('the app is installable: Chromium reports no missing requirement', async ({ shop }) => {
  const { page, context } = await shop.signedIn('staff')
  const session = await context.newCDPSession(page)
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  // Test contexts are incognito, which cannot install. Everything else must be right.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([])
})

test('a new version waits for the user, and the full outbox survives the update', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Withdraw', shop.binA)
  await page.getByRole('link', { name: /Tray/ }).click()
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await page.getByRole('link', { name: 'Scan' }).click()
  for (let i = 0; i < 5; i++) await scan(page, shop.coffee.code)
  await expect(page.getByText(/5 waiting/)).toBeVisible()
  const built = readFileSync(WORKER, 'utf8')
  try {
    appendFileSync(WORKER, '\n// the next version\n')
    await page.evaluate(async () => (await navigator.serviceWorker.ready).update())
    await expect(page.getByText('A new version is ready')).toBeVisible()
    await expect(page.getByText(/5 waiting/)).toBeVisible() // no automatic reload
    const reloaded = page.waitForEvent('load')
    await page.getByRole('button', { name: 'Update' }).click()
    await reloaded
  } finally {
    writeFileSync(WORKER, built)
  }
  await expect(page.getByText(/5 waiting/)).toBeVisible()
  await page.getByRole('link', { name: /Tray/ }).click()
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA)).toBe(45)
})

test('damaged settings do not keep the scan screen from opening', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await page.evaluate(() => {
    const names = Object.keys(localStorage).filter((key) => !/person|stored|kept/.test(key))
    for (const key of [...names, 'stockhand.sounds', 'stockhand.language']) localStorage.setItem(key, '{"damaged')
  })
  await page.reload()
  await expect(page.getByRole('status').filter({ hasText: 'Online' })).toBeVisible()
  await scan(page, shop.coffee.code)
  await expect(page.getByText(shop.coffee.name).first()).toBeVisible()
})
