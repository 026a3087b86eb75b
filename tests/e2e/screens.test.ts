// Every screen in both form factors and both themes: no axe violation (WCAG 2.2 AA), no sideways scrolling, and a
// screenshot.
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from '@playwright/test'
import { expect, PASSWORD, scan, test } from './support/shop.ts'

const FORM_FACTORS = [
  { name: 'handheld', desk: false },
  { name: 'desk', desk: true },
]
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** Saves a screenshot with the results of the run, and checks the page. */
async function checkPage(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: `.cache/pictures/${name}.png`, animations: 'disabled' })
  const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze()
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  expect(found, name).toEqual([])
  const sideways = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  )
  expect(sideways, `${name} scrolls sideways`).toBe(0)
}

for (const { name: shape, desk } of FORM_FACTORS) {
  for (const dark of [false, true]) {
    const theme = dark ? 'dark' : 'light'
    test(`screens are accessible and fit: ${shape}, ${theme}`, async ({ shop }) => {
      test.slow() // twenty accessibility checks
      const stranger = await shop.device({ desk, dark })
      await stranger.page.goto('/')
      await expect(stranger.page.getByRole('button', { name: 'Sign in' })).toBeVisible()
      await checkPage(stranger.page, `sign-in-${shape}-${theme}`)
      await stranger.page.getByRole('button', { name: 'Sign in' }).click()
      await checkPage(stranger.page, `sign-in-wrong-${shape}-${theme}`)

      const { page, context } = await shop.signedIn('manager', { desk, dark })
      await checkPage(page, `home-${shape}-${theme}`)
      for (const [screen, heading] of [
        ['stock', 'Stock'],
        ['tray', 'Tray'],
        ['more', 'More'],
        [`items/${shop.coffee.id}`, shop.coffee.name],
      ] as const) {
        await page.goto(`/${screen}`)
        await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible()
        await page.waitForLoadState('networkidle')
        await checkPage(page, `${screen.split('/')[0]}-${shape}-${theme}`)
      }
      await page.goto('/scan')
      await page.getByRole('radio', { name: 'Withdraw', exact: true }).check({ force: true })
      await scan(page, shop.binA.code)
      await context.setOffline(true)
      await scan(page, shop.coffee.code)
      await scan(page, '4006381333931') // unknown
      await expect(page.getByText('Unknown code').first()).toBeVisible()
      await page.waitForTimeout(600) // the flash has ended
      await checkPage(page, `scan-offline-${shape}-${theme}`)
      await page.getByRole('radio', { name: 'Count', exact: true }).click()
      await scan(page, shop.coffee.code)
      await page.getByRole('radio', { name: 'Find' }).click()
      await expect(page.getByRole('button', { name: 'Save for later' })).toBeVisible()
      await page.waitForTimeout(600)
      await checkPage(page, `scan-count-left-${shape}-${theme}`)
      await page.getByRole('button', { name: 'Save for later' }).click()
      await page.getByRole('link', { name: /Tray/ }).click()
      await expect(page.getByText('Waiting to be sent')).toBeVisible()
      await checkPage(page, `tray-full-${shape}-${theme}`)
      await page.getByRole('list', { name: 'Scans not recorded' }).getByText(shop.coffee.name).click()
      await expect(page.getByRole('button', { name: 'Record 1 as counted' })).toBeVisible()
      await checkPage(page, `tray-scan-${shape}-${theme}`)
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'More' }).click()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await expect(page.getByRole('dialog')).toContainText('And 2 scans are not recorded yet')
      await checkPage(page, `sign-out-${shape}-${theme}`)
    })
  }
}

test('a question with four answers fits above a handheld’s navigation bar, also in the longer language', async ({
  shop,
}) => {
  const { page } = await shop.device({ locale: 'de-DE' })
  await page.goto('/')
  await page.getByLabel('E-Mail').fill(shop.email('staff'))
  await page.getByLabel('Passwort', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Anmelden' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'Online' })).toBeVisible()
  const mode = (name: string) => page.getByRole('radio', { name, exact: true })
  await mode('Zählen').click()
  await scan(page, shop.binA.code)
  await expect(page.getByText(shop.binA.name).first()).toBeVisible()
  await scan(page, shop.coffee.code)
  await expect(page.getByText(shop.coffee.name).first()).toBeVisible()
  await mode('Entnahme').click()
  await page.getByRole('button', { name: 'Später buchen' }).click()
  await mode('Zählen').click()
  await expect(page.getByRole('button', { name: 'Weiterzählen' })).toBeVisible()
  const last = (await page.getByRole('button', { name: 'Verwerfen' }).boundingBox())!
  const bar = (await page.getByRole('navigation').last().boundingBox())!
  expect(bar.y - (last.y + last.height)).toBeGreaterThanOrEqual(8)
})

test('the desk works with the keyboard alone', async ({ shop }) => {
  const { page } = await shop.signedIn('manager', { desk: true })
  await page.keyboard.press('Control+k')
  await expect(page.getByRole('searchbox').first()).toBeFocused()
  await page.keyboard.type('tomates', { delay: 120 }) // the pace of a person
  await expect(page.getByText(shop.tomatoes.name).first()).toBeVisible()
  const item = page.getByRole('link', { name: shop.tomatoes.name })
  for (let i = 0; i < 30 && !(await item.evaluate((link) => link === document.activeElement)); i++) {
    await page.keyboard.press('Tab')
  }
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1, name: shop.tomatoes.name })).toBeVisible()
})
