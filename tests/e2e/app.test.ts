// The app as something installed: what makes it installable, and what an update does to work that waits.
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, scan, standAt, test } from './support/shop.ts'

const WORKER = 'dist/client/service-worker.js'

test('it can be installed: Chromium finds nothing missing', async ({ shop }) => {
  const { page, context } = await shop.signedIn('staff')
  const session = await context.newCDPSession(page)
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors')
  // A context of the tests is an incognito one, which installs nothing; everything else must be right.
  expect(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito')).toEqual([])
})

test('a new version waits until it is asked for, and the full outbox outlives it', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await standAt(page, 'Withdraw', shop.binA)
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
    await expect(page.getByText(/5 waiting/)).toBeVisible() // nothing reloads by itself
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
