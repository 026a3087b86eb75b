// The main tasks as people do them, in the production build.
import type { BrowserContext, Page } from '@playwright/test'
import type { Goods, Shop } from './support/shop.ts'
import { expect, scan, selectModeAndBin, test } from './support/shop.ts'

async function openItem(page: Page, goods: Goods): Promise<void> {
  await page.goto(`/items/${goods.id}`)
  await expect(page.getByRole('heading', { name: goods.name })).toBeVisible()
}

/** Waits until the server has this quantity. */
const expectQuantity = (shop: Shop, quantity: number, timeout = 15_000) =>
  expect.poll(() => shop.quantityOf(shop.coffee, shop.binA), { timeout }).toBe(quantity)

async function expectNothingPending(page: Page): Promise<void> {
  await expect(page.getByText(/waiting/)).toBeHidden({ timeout: 15_000 })
}

test('[D3] scans made offline survive closing the tab, and another device shows them within a second of reconnecting', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  const desk = await shop.signedIn('manager', { desk: true })
  await openItem(desk.page, shop.coffee)
  await expect(desk.page.getByRole('main')).toContainText('50')
  await selectModeAndBin(page, 'Withdraw', shop.binA)
  await context.setOffline(true)
  for (let i = 0; i < 3; i++) await scan(page, shop.coffee.code)
  await expect(page.getByRole('main')).toContainText('47')
  await expect(page.getByText('saved').first()).toBeVisible()
  await page.close()

  const again = await context.newPage() // without a connection, so the service worker serves the app
  await again.goto('/')
  await expect(again.getByText(/Offline/)).toBeVisible()
  await expect(again.getByText(/3 waiting/)).toBeVisible()
  await expect(again.getByText(shop.binA.name)).toBeVisible()

  await context.setOffline(false)
  await expectNothingPending(again)
  await expect(desk.page.getByRole('main')).toContainText('47', { timeout: 1_000 })
  expect(await shop.quantityOf(shop.coffee, shop.binA)).toBe(47)
})

test('[Z1] ten scans in one second are ten scans', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Receive', shop.binA)
  const start = Date.now()
  for (let i = 0; i < 10; i++) await scan(page, i % 2 === 0 ? shop.coffee.code : shop.tomatoes.code)
  expect(Date.now() - start).toBeLessThan(2_000)
  await expectQuantity(shop, 55)
  await expect.poll(() => shop.quantityOf(shop.tomatoes, shop.binA)).toBe(25) // the last one may be in the next push
  await expectNothingPending(page)
})

for (const order of ['the withdrawals first', 'the count first'] as const) {
  test(`two devices withdraw from and count the same bin while offline, ${order}`, async ({ shop }) => {
    const taker = await shop.signedIn('staff')
    const counter = await shop.signedIn('manager')
    await selectModeAndBin(taker.page, 'Withdraw', shop.binA)
    await selectModeAndBin(counter.page, 'Count', shop.binA)
    await taker.context.setOffline(true)
    await counter.context.setOffline(true)
    for (let i = 0; i < 7; i++) await scan(taker.page, shop.coffee.code)
    await expect(taker.page.getByRole('main')).toContainText('43')
    await count(counter.page, shop.coffee, 40)
    for (let i = 0; i < 3; i++) await scan(taker.page, shop.coffee.code)
    await expect(taker.page.getByRole('main')).toContainText('40')
    const [first, second] = order === 'the count first' ? [counter, taker] : [taker, counter]
    await reconnect(first)
    await reconnect(second)
    await expectQuantity(shop, 37) // counted 40 after seven withdrawals; three more followed
    await openItem(taker.page, shop.coffee)
    await openItem(counter.page, shop.coffee)
    for (const { page } of [taker, counter]) await expect(page.getByRole('main')).toContainText('37')
  })
}

async function reconnect({ page, context }: { page: Page; context: BrowserContext }): Promise<void> {
  await context.setOffline(false)
  await expectNothingPending(page)
}

/** Scans once and enters the quantity on the number pad. */
async function count(page: Page, goods: Goods, quantity: number): Promise<void> {
  await scan(page, goods.code)
  await page.getByRole('button', { name: /Set quantity/ }).click()
  for (const digit of String(quantity))
    await page.getByRole('dialog').getByRole('button', { name: digit, exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click()
  const record = page.getByRole('button', { name: new RegExp(`Record ${quantity}`) })
  if (await record.isVisible()) await record.click()
  await expect(page.getByText(/waiting/)).toBeVisible()
}

test('a server that is killed during pushes does not lose or double a scan', async ({ shop }) => {
  test.setTimeout(120_000)
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Withdraw', shop.binA)
  for (let i = 0; i < 24; i++) {
    await scan(page, shop.coffee.code)
    if (i % 8 === 4) {
      await shop.server.kill()
      await scan(page, shop.tomatoes.code)
      await shop.startServer()
    }
  }
  await expectQuantity(shop, 26, 45_000) // after so many failures a device waits up to half a minute before it retries
  await expect.poll(() => shop.quantityOf(shop.tomatoes, shop.binA)).toBe(17)
  expect(await shop.movementsOf(shop.coffee)).toBe(25)
  await expectNothingPending(page)
})

test('[D1] a mutation that was shown as saved survives a crash of the tab', async ({ shop }) => {
  const { page, context } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Withdraw', shop.binA)
  await context.setOffline(true)
  await scan(page, shop.coffee.code)
  await expect(page.getByText('saved').first()).toBeVisible()
  const crash = await context.newCDPSession(page)
  void crash.send('Page.crash').catch(() => undefined) // never answered, because the page crashes
  await page.waitForEvent('crash')
  await page.close()
  const again = await context.newPage()
  await again.goto('/')
  await expect(again.getByText(/1 waiting/)).toBeVisible()
  await reconnect({ page: again, context })
  await expectQuantity(shop, 49)
})

test('an unknown code is kept, attached to an item, and then recorded', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Receive', shop.binA)
  await scan(page, '4006381333931')
  await page.getByRole('button', { name: 'Attach to an item' }).first().click()
  await page.getByRole('dialog').getByRole('searchbox').fill('colombie')
  await page.getByRole('dialog').getByText(shop.coffee.name).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Attach', exact: true }).click()
  await expectQuantity(shop, 51)
  await scan(page, '4006381333931')
  await expectQuantity(shop, 52)
})

test('withdrawing more than there is asks first, and scans behind the question are kept', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Withdraw', shop.binB)
  await scan(page, shop.coffee.code)
  await expect(page.getByText('Out of stock here')).toBeVisible()
  await scan(page, shop.tomatoes.code)
  await expect(page.getByText(/1 more scan is saved/)).toBeVisible()
  await page.getByRole('button', { name: 'Record 1' }).click()
  await page.getByRole('button', { name: 'Don’t record' }).click()
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binB)).toBe(-1)
  expect(await shop.quantityOf(shop.tomatoes, shop.binB)).toBe(0)
})

test('a position below zero asks for a count in the tray, on the dashboard and on the item’s page, until it is counted', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  const desk = await shop.signedIn('manager', { desk: true })
  await expect(desk.page.getByRole('link', { name: /Needs attention 0/ })).toBeVisible()
  await selectModeAndBin(page, 'Withdraw', shop.binB)
  await context.setOffline(true)
  await scan(page, shop.coffee.code)
  await page.getByRole('button', { name: 'Record 1' }).click()
  await expect(page.getByText('Below zero: count it')).toBeVisible()
  await page.getByRole('link', { name: /Tray/ }).click()
  await expect(page.getByRole('list', { name: 'Below zero' })).toContainText(`${shop.coffee.name}${shop.binB.name}`)
  await context.setOffline(false)
  await expect(desk.page.getByRole('link', { name: /Needs attention 1/ })).toBeVisible()
  await page.getByRole('list', { name: 'Below zero' }).getByText(shop.coffee.name).click()
  await page.getByText('Count it', { exact: true }).click()
  await expect(page.getByRole('dialog')).toContainText(shop.binB.name)
  await page.getByRole('dialog').getByRole('button', { name: 'Record count' }).click()
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binB)).toBe(0)
  await expect(page.getByText('Count it', { exact: true })).toBeHidden()
  await expect(desk.page.getByRole('link', { name: /Needs attention 0/ })).toBeVisible()
})

test('the message about the previous action does not cover the answers to a question', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Count', shop.binA)
  await scan(page, shop.coffee.code)
  await page.getByRole('radio', { name: 'Withdraw' }).click()
  await page.getByRole('button', { name: 'Save for later' }).click()
  await scan(page, shop.tomatoes.code)
  await expect(page.getByText(`Withdrew 1 · ${shop.tomatoes.name}`)).toBeVisible() // for five seconds
  await page.getByRole('radio', { name: 'Count' }).click()
  const discard = page.getByRole('button', { name: 'Discard' })
  await expect(discard).toBeVisible()
  const covers = await discard.evaluate((button) => {
    const { x, y, width, height } = button.getBoundingClientRect()
    const above = document.elementFromPoint(x + width / 2, y + height / 2)
    return button.contains(above) ? undefined : above?.outerHTML.slice(0, 200)
  })
  expect(covers).toBeUndefined()
  await discard.click()
})

test('an interrupted count becomes stock only after a confirmation, also after the tab was closed', async ({
  shop,
}) => {
  const { page, context } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Count', shop.binA)
  await scan(page, shop.coffee.code)
  await page.getByRole('radio', { name: 'Find' }).click()
  await expect(page.getByText(/1 pcs counted, not recorded/)).toBeVisible()
  await page.getByRole('button', { name: 'Save for later' }).click()
  await expect(page.getByRole('radio', { name: 'Find' })).toBeChecked()
  expect(await shop.quantityOf(shop.coffee, shop.binA)).toBe(50)
  await page.close()

  const again = await context.newPage()
  await again.goto('/')
  await again.getByRole('radio', { name: 'Count' }).click()
  await again.getByRole('button', { name: 'Continue counting' }).click()
  await scan(again, shop.coffee.code)
  await again.getByRole('button', { name: /Record 2/ }).click()
  await expectQuantity(shop, 2)
})

test('unrecorded scans behind a question are recorded from the tray, all similar ones at once', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Withdraw', shop.binB)
  for (let i = 0; i < 10; i++) await scan(page, shop.coffee.code)
  await expect(page.getByText(/9 more scans are saved/)).toBeVisible()
  await page.goto('/tray') // reloading discards the question
  await page.getByRole('list', { name: 'Scans not recorded' }).getByText(shop.coffee.name).first().click()
  await page.getByRole('button', { name: /all 10 scans like it/ }).click()
  await expect.poll(() => shop.quantityOf(shop.coffee, shop.binB)).toBe(-10)
  await expect(page.getByText('Scans not recorded')).toBeHidden()
})

test('a scan while a sheet is open is handled once it is closed', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await selectModeAndBin(page, 'Receive', shop.binA)
  await scan(page, shop.coffee.code)
  await page.getByRole('button', { name: /Set quantity/ }).click()
  await scan(page, shop.tomatoes.code)
  await page.getByRole('dialog').getByRole('button', { name: '5', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click()
  await expectQuantity(shop, 55)
  await expect.poll(() => shop.quantityOf(shop.tomatoes, shop.binA)).toBe(21)
})

test('scans during the question for a location are kept, and handled once the location is known', async ({ shop }) => {
  const { page } = await shop.signedIn('staff')
  await page.getByRole('radio', { name: 'Receive', exact: true }).check({ force: true })
  await scan(page, shop.coffee.code)
  await expect(page.getByRole('dialog')).toContainText(`Where does ${shop.coffee.name} go?`)
  await scan(page, shop.tomatoes.code)
  await expect(page.getByRole('dialog')).toContainText(`${shop.tomatoes.name} is not a location`)
  await scan(page, shop.binA.code)
  await expectQuantity(shop, 51)
  await expect.poll(() => shop.quantityOf(shop.tomatoes, shop.binA)).toBe(21)
})

test('a scan or shortcut does not discard an open sheet, and the scanned item opens once the sheet is closed', async ({
  shop,
}) => {
  const { page } = await shop.signedIn('manager', { desk: true })
  await openItem(page, shop.coffee)
  await page.getByRole('button', { name: 'Edit' }).click()
  const name = page.getByRole('dialog').getByLabel('Name')
  await name.fill('Coffee of Colombia')
  await page.getByRole('dialog').getByRole('heading').click() // leaves the field
  await page.keyboard.press('Control+k')
  await scan(page, shop.tomatoes.code)
  await page.waitForTimeout(500)
  await expect(name).toHaveValue('Coffee of Colombia')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { level: 1, name: shop.tomatoes.name })).toBeVisible()
  await expect(page.getByRole('heading', { level: 1, name: shop.coffee.name })).toBeHidden()
})

test('[M6] a refusal is shown with its reason, and discarded with a reason', async ({ shop }) => {
  const { page, context } = await shop.signedIn('manager', { desk: true })
  await openItem(page, shop.coffee)
  await context.setOffline(true)
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('Coffee of Colombia')
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('heading', { name: 'Coffee of Colombia' })).toBeVisible()
  await shop.setRole('manager', 'staff') // in the meantime
  await context.setOffline(false)
  await expect(page.getByRole('heading', { name: shop.coffee.name })).toBeVisible({ timeout: 20_000 })
  await expect(page.getByRole('button', { name: 'Edit' })).toBeHidden() // the app has received the new role
  await page.goto('/tray')
  await page.getByText('Needs a decision').waitFor()
  await page
    .getByText(/Changed/)
    .first()
    .click()
  const sheet = page.getByRole('dialog')
  await sheet.getByText(/role at that time/).waitFor()
  await sheet.getByRole('button', { name: 'Discard' }).click()
  await sheet.getByLabel('Why do you discard it?').fill('the old name is on the label')
  await sheet.getByRole('button', { name: 'Discard' }).click()
  await expect(page.getByText('Needs a decision')).toBeHidden()
  await expectNothingPending(page)
})
