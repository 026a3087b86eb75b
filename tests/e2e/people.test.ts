// People who lose access or share a browser, and the pending mutations on their devices.
import { expect, PASSWORD, scan, signIn, selectModeAndBin, test, withdrawOffline } from './support/shop.ts'

test('[D17][D19] a disabled person sees no stock and keeps pending mutations, a manager can import them, and each is sent once', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  await withdrawOffline(shop, { page, context }, 2)
  await shop.setDisabled('staff', true)
  await context.setOffline(false)
  await page.reload()
  await expect(page.getByText('Your access has ended').first()).toBeVisible()
  await expect(page.getByText('2 waiting changes')).toBeVisible()
  await expect(page.getByText(shop.coffee.name)).toBeHidden()
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Email').fill(shop.email('staff'))
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('Your access here has ended. A manager can restore it.')
  await expect(page.getByText(/of other people|of another person/)).toBeHidden() // they are their own
  await context.setOffline(true) // no stock is shown offline either
  await page.reload()
  await expect(page.getByText('2 waiting changes')).toBeVisible()
  await expect(page.getByText(shop.coffee.name)).toBeHidden()
  const downloading = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as a file' }).click()
  const download = await downloading
  expect(download.suggestedFilename()).toMatch(/^stockhand-.*json$/)

  const { page: desk } = await shop.signedIn('manager', { desk: true })
  await desk.goto('/tray')
  await desk
    .getByLabel('Import a file')
    .last()
    .setInputFiles(await download.path())
  await expect(desk.getByRole('dialog')).toContainText('Import 2 changes?')
  await expect(desk.getByRole('dialog')).toContainText('Saved by The staff')
  await desk.getByRole('button', { name: 'Import', exact: true }).click()
  await expect(desk.getByText('Imported: 2 changes')).toBeVisible()
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 15_000 }).toBe(48)
  const broken = { name: 'photo.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('not this') }
  await desk.getByLabel('Import a file').last().setInputFiles(broken)
  await expect(desk.getByRole('alert')).toContainText('This file is not from Stockhand')

  await context.setOffline(false)
  await shop.setDisabled('staff', false)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await signIn(page, shop.email('staff'))
  await expect(page.getByText('2 waiting')).toBeHidden({ timeout: 15_000 })
  await expect(page.getByRole('status').filter({ hasText: 'Online' })).toBeVisible()
  expect(await shop.quantityOf(shop.coffee, shop.binA)).toBe(48) // the imported changes were not applied twice
})

test('[D17] two people on one browser each see their own pending mutations, and that the other has some', async ({
  shop,
}) => {
  const { page } = await shop.signedIn('staff')
  await page.getByRole('link', { name: /Tray/ }).click()
  await page.getByRole('switch', { name: /Work offline/ }).click({ force: true })
  await page.getByRole('link', { name: 'Scan' }).click()
  await selectModeAndBin(page, 'Withdraw', shop.binA)
  await scan(page, shop.coffee.code)
  await expect(page.getByText('1 waiting')).toBeVisible()
  const undo = page.getByRole('region', { name: 'Messages' }).getByRole('button', { name: 'Undo' })
  await undo.hover() // the message stays while the pointer is on it, and some seconds longer
  await page.getByRole('link', { name: 'More' }).click()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByRole('dialog')).toContainText('1 change is still waiting to be sent')
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click()
  await expect(page.getByText('1 change of another person is waiting')).toBeVisible()
  expect(await undo.count()).toBe(0) // messages for one person are not shown to the next
  await signIn(page, shop.email('manager'))
  await expect(page.getByText('1 waiting')).toBeHidden()
  await page.getByRole('link', { name: 'More' }).click()
  await expect(page.getByText('1 change of another person is waiting')).toBeVisible()
})
