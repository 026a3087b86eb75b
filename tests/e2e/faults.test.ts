// Faults of the browser itself: a tab that hangs, and storage that is full, deleted, or of a newer version.
import { expect, scan, selectModeAndBin, test, withdrawOffline } from './support/shop.ts'

test('[D10] if the leading tab hangs, a visible tab takes over and sends the pending mutations', async ({ shop }) => {
  const { page, context } = await shop.signedIn('staff')
  const other = await context.newPage()
  await other.goto('/')
  await expect(other.getByRole('status').filter({ hasText: 'Online' })).toBeVisible() // the status comes from the leader
  void page
    .evaluate((until) => {
      while (Date.now() < until);
    }, Date.now() + 40_000)
    .catch(() => undefined)
  await selectModeAndBin(other, 'Withdraw', shop.binA)
  await scan(other, shop.coffee.code)
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 30_000 }).toBe(49)
  await expect(other.getByText(/waiting/)).toBeHidden()
})

test('the app warns before the storage is full, and then shows a scan as lost and not as saved', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  // Chromium reports a quota of ten gigabytes more than the usage, whatever is left. This reports what other browsers
  // would.
  await page.addInitScript(() => {
    StorageManager.prototype.estimate = async () => ({ usage: 95_000_000, quota: 100_000_000 })
  })
  await page.reload()
  await expect(page.getByText('Storage is running out')).toBeVisible()
  await page.getByText('Storage is running out').click()
  await expect(page.getByText('Free some, or new work may soon not be saved')).toBeVisible()
  await page.getByRole('link', { name: 'Scan' }).click()
  // Chromium checks the remaining space only now and then, so the failed write is simulated.
  await page.evaluate(() => {
    IDBObjectStore.prototype.add = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await scan(page, shop.coffee.code)
  await expect(page.getByRole('dialog')).toContainText(shop.coffee.code)
})

test('[D13] storage deleted under the open app is rebuilt, the user sees a message, and pending mutations are sent', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  await withdrawOffline(shop, { page, context }, 1)
  const session = await context.newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin: shop.url, storageTypes: 'indexeddb' })
  await scan(page, shop.coffee.code)
  await expect(page.getByText('2 waiting')).toBeVisible()
  await expect(page.getByText('The browser deleted the app’s data')).toBeVisible()
  await context.setOffline(false)
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 15_000 }).toBe(48)
})

test('[D14] an older app after a newer one says so, keeps everything, and saves the pending mutations as a file', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  await withdrawOffline(shop, { page, context }, 1)
  await page.goto('/icons/mark.svg')
  await page.evaluate(async () => {
    const [{ name }] = (await indexedDB.databases()).filter(({ name }) => name?.startsWith('stockhand-')) as [
      { name: string },
    ]
    await new Promise((resolve, reject) => {
      const request = indexedDB.open(name, 990)
      request.addEventListener('upgradeneeded', () => request.result.createObjectStore('future'))
      request.addEventListener('success', () => resolve(request.result.close()))
      request.addEventListener('error', reject)
    })
  })
  await page.goto('/')
  await expect(page.getByRole('heading', { name: /newer version of the app/ }).first()).toBeVisible()
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as a file' }).click()
  const chunks: Buffer[] = []
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk as Buffer)
  const saved = JSON.parse(Buffer.concat(chunks).toString()) as { pending: { name: string }[] }
  expect(saved.pending.map(({ name }) => name)).toEqual(['stock.withdraw'])
})
