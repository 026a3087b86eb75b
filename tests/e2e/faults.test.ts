// What goes wrong in a browser itself: a tab that hangs, storage that is full, deleted, or a newer version's.
import { expect, scan, standAt, test, withdrawOffline } from './support/shop.ts'

test('[D10] the leading tab hangs: another one in sight takes over, and what was recorded is sent', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  const other = await context.newPage()
  await other.goto('/')
  await expect(other.getByRole('status').filter({ hasText: 'Online' })).toBeVisible() // by the leader's word
  void page
    .evaluate((until) => {
      while (Date.now() < until);
    }, Date.now() + 40_000)
    .catch(() => undefined)
  await standAt(other, 'Withdraw', shop.binA)
  await scan(other, shop.coffee.code)
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 30_000 }).toBe(49)
  await expect(other.getByText(/waiting/)).toBeHidden()
})

test('storage that runs out is said before it bites; full, a scan is said to be lost and not to be saved', async ({
  shop,
}) => {
  const { page } = await shop.signedIn('staff')
  // Chromium tells pages ten gigabytes more than they use, whatever is left: here it tells what others would.
  await page.addInitScript(() => {
    StorageManager.prototype.estimate = async () => ({ usage: 95_000_000, quota: 100_000_000 })
  })
  await page.reload()
  await expect(page.getByText('Storage is running out')).toBeVisible()
  await page.getByText('Storage is running out').click()
  await expect(page.getByText('Free some, or new work may soon not be saved')).toBeVisible()
  await page.getByRole('link', { name: 'Scan' }).click()
  // Chromium asks for the room that is left only now and then: the refusal itself is made here.
  await page.evaluate(() => {
    IDBObjectStore.prototype.add = () => {
      throw new DOMException('full', 'QuotaExceededError')
    }
  })
  await scan(page, shop.coffee.code)
  await expect(page.getByRole('dialog')).toContainText(shop.coffee.code)
})

test('[D13] storage deleted under the open app: what waits is kept anew, said, and sent', async ({ shop }) => {
  const { page, context } = await shop.signedIn('staff')
  await withdrawOffline(shop, { page, context }, 1)
  const session = await context.newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin: shop.url, storageTypes: 'indexeddb' })
  await scan(page, shop.coffee.code)
  await expect(page.getByText('2 waiting')).toBeVisible()
  await expect(page.getByText('This browser deleted the app’s storage')).toBeVisible()
  await context.setOffline(false)
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout: 15_000 }).toBe(48)
})

test('[D14] an older app after a newer one: says so, keeps everything, and saves what waits', async ({ shop }) => {
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
