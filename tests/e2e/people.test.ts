// People who come and go, and what waits on their devices meanwhile.
import { expect, PASSWORD, scan, signIn, standAt, test, withdrawOffline } from './support/shop.ts'

test('[D17][D19] somebody who is out sees nothing, keeps what waits, a manager can bring it in, and it is sent once', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  await withdrawOffline(shop, { page, context }, 2)
  await shop.setDisabled('staff', true)
  await context.setOffline(false)
  await page.reload()
  await expect(page.getByText('Your access has ended').first()).toBeVisible()
  await expect(page.getByText('2 changes that were not sent')).toBeVisible()
  await expect(page.getByText(shop.coffee.name)).toBeHidden()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('E-mail').fill(shop.email('staff'))
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('Your access here has ended. A manager can let you in again.')
  await expect(page.getByText(/of other people|of another person/)).toBeHidden() // it is their own
  await context.setOffline(true) // without a connection it still shows nothing
  await page.reload()
  await expect(page.getByText('2 changes that were not sent')).toBeVisible()
  await expect(page.getByText(shop.coffee.name)).toBeHidden()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as a file' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toMatch(/^stockhand-.*json$/)

  const { page: desk } = await shop.signedIn('manager', { desk: true })
  await desk.goto('/tray')
  await desk
    .getByLabel('Bring in a file')
    .last()
    .setInputFiles(await download.path())
  await expect(desk.getByRole('dialog')).toContainText('Take in 2 changes?')
  await expect(desk.getByRole('dialog')).toContainText('Saved by The staff')
  await desk.getByRole('button', { name: 'Take in', exact: true }).click()
  await expect(desk.getByText('Taken in: 2 changes')).toBeVisible()
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 15_000 }).toBe(48)
  const broken = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not this') }
  await desk.getByLabel('Bring in a file').last().setInputFiles(broken)
  await expect(desk.getByRole('alert')).toContainText('Stockhand did not save this file')

  await context.setOffline(false)
  await shop.setDisabled('staff', false)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await signIn(page, shop.email('staff'))
  await expect(page.getByText('2 waiting')).toBeHidden({ timeout: 15_000 })
  await expect(page.getByRole('status').filter({ hasText: 'Online' })).toBeVisible()
  expect(await shop.quantityOf(shop.coffee, shop.binA)).toBe(48) // what the manager brought was not done again
})

test('[D17] two people on one browser: each sees their own, and that something of the other waits', async ({
  shop,
}) => {
  const { page } = await shop.signedIn('staff')
  await page.getByRole('link', { name: /Tray/ }).click()
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await page.getByRole('link', { name: 'Scan' }).click()
  await standAt(page, 'Withdraw', shop.binA)
  await scan(page, shop.coffee.code)
  await expect(page.getByText('1 waiting')).toBeVisible()
  const undo = page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo' })
  await undo.hover() // it stays as long as somebody points at it, and some seconds more
  await page.getByRole('link', { name: 'More' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('dialog')).toContainText('1 is still waiting to be sent')
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('1 change of another person waits')).toBeVisible()
  expect(await undo.count()).toBe(0) // what was said to one person is not for the next
  await signIn(page, shop.email('manager'))
  await expect(page.getByText('1 waiting')).toBeHidden()
  await page.getByRole('link', { name: 'More' }).click()
  await expect(page.getByText('1 change of another person waits')).toBeVisible()
})
