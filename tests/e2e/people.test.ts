// People who come and go, and what waits on their devices meanwhile.
import { expect, scan, signIn, test } from './support/shop.ts'

test('[D17] somebody who is out sees nothing, keeps what waits, and it is sent once they are let in again', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  await page.getByRole('radio', { name: 'Withdraw', exact: true }).check({ force: true })
  await scan(page, shop.binA.code)
  await expect(page.getByText(shop.binA.name).first()).toBeVisible()
  await context.setOffline(true)
  await scan(page, shop.coffee.code)
  await scan(page, shop.coffee.code)
  await expect(page.getByText('2 waiting')).toBeVisible()
  await shop.setDisabled('staff', true)
  await context.setOffline(false)
  await page.reload()
  await expect(page.getByText('Your access has ended').first()).toBeVisible()
  await expect(page.getByText('2 changes that were not sent')).toBeVisible()
  await expect(page.getByText(shop.coffee.name)).toBeHidden()
  await context.setOffline(true) // without a connection it still shows nothing
  await page.reload()
  await expect(page.getByText('2 changes that were not sent')).toBeVisible()
  await expect(page.getByText(shop.coffee.name)).toBeHidden()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as a file' }).click()
  expect((await download).suggestedFilename()).toMatch(/^stockhand-.*json$/)

  await context.setOffline(false)
  await shop.setDisabled('staff', false)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await signIn(page, shop.email('staff'))
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 15_000 }).toBe(48)
})

test('[D17] two people on one browser: each sees their own, and that something of the other waits', async ({
  shop,
}) => {
  const { page } = await shop.signedIn('staff')
  await page.getByRole('link', { name: /Tray/ }).click()
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await page.getByRole('link', { name: 'Scan' }).click()
  await page.getByRole('radio', { name: 'Withdraw', exact: true }).check({ force: true })
  await scan(page, shop.binA.code)
  await expect(page.getByText(shop.binA.name).first()).toBeVisible()
  await scan(page, shop.coffee.code)
  await expect(page.getByText('1 waiting')).toBeVisible()
  await page.getByRole('link', { name: 'More' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('dialog')).toContainText('1 is still waiting to be sent')
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('1 change of another person waits')).toBeVisible()
  await signIn(page, shop.email('manager'))
  await expect(page.getByText('1 waiting')).toBeHidden()
  await page.getByRole('link', { name: 'More' }).click()
  await expect(page.getByText('1 change of another person waits')).toBeVisible()
})
