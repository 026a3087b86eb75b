// On a narrow handheld no word is cut off or broken across lines, on any screen, in either language. The known cases are
// listed; a new one fails, and so does one that is listed and no longer occurs.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { expect, PASSWORD, scan, test } from './support/shop.ts'

type Known = Record<'en' | 'de', string[]>

const KNOWN = JSON.parse(readFileSync(join(import.meta.dirname, 'known-broken-words.json'), 'utf8')) as Known

const LANGUAGES = [
  { language: 'en', locale: 'en-GB', email: 'Email', password: 'Password', signIn: 'Sign in' },
  { language: 'de', locale: 'de-DE', email: 'E-Mail', password: 'Passwort', signIn: 'Anmelden' }, // language-ok
] as const

for (const { language, locale, email, password, signIn } of LANGUAGES) {
  test(`no word is cut off or broken at 360 px: ${language}`, async ({ shop }) => {
    const { page } = await shop.device({ locale })
    const found = new Set<string>()
    const look = async (screen: string) => {
      await page.evaluate(() => document.fonts.ready)
      for (const problem of await brokenWords(page)) found.add(`${screen}: ${problem}`)
    }
    await page.goto('/')
    await page.getByRole('button', { name: signIn }).waitFor()
    await look('sign-in')
    await page.getByLabel(email).fill(shop.email('manager'))
    await page.getByLabel(password, { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: signIn }).click()
    await page.getByRole('status').filter({ hasText: 'Online' }).waitFor()
    await look('scan')
    for (const screen of ['stock', 'tray', 'more', `items/${shop.coffee.id}`]) {
      await page.goto(`/${screen}`)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.waitForLoadState('networkidle')
      await look(screen.split('/')[0]!)
    }
    await page.goto('/')
    for (const [index, mode] of ['look', 'receive', 'withdraw', 'move', 'count'].entries()) {
      await page.getByRole('radio').nth(index).check({ force: true })
      await look(`scan ${mode}`)
    }
    await page.getByRole('radio').nth(2).check({ force: true })
    await scan(page, shop.binA.code)
    await scan(page, shop.coffee.code)
    await page.getByText(shop.coffee.name).first().waitFor()
    await look('scan withdrawn')
    await scan(page, '4006381333931')
    await page.getByText('4006381333931').first().waitFor()
    await look('scan unknown')
    expect([...found].toSorted()).toEqual(KNOWN[language].toSorted())
  })
}

test('a word that is cut off and one that is broken are found', async ({ page }) => {
  await page.setContent(`
    <div style="font: 16px monospace">
      <p style="width: 40px; overflow-wrap: anywhere">Withdraw</p>
      <p style="width: 40px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap">Received</p>
      <p style="width: 300px">All is well</p>
    </div>`)
  expect(await brokenWords(page)).toEqual(['broken "Withdraw"', 'cut off "Received"'])
})

/** The visible words that a line break divides, and the texts that an ellipsis or the edge of their box cuts off. */
function brokenWords(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const problems = new Set<string>()
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement!
      if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue
      // Text for screen readers alone is a pixel wide on purpose.
      const box = element.getBoundingClientRect()
      if (box.width <= 1 || box.height <= 1) continue
      for (const { 0: word, index } of node.textContent!.matchAll(/[\p{L}\p{N}]{4,}/gu)) {
        const range = document.createRange()
        range.setStart(node, index)
        range.setEnd(node, index + word.length)
        const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)))
        if (tops.size > 1) problems.add(`broken "${word}"`)
      }
      for (let parent: HTMLElement | null = element; parent; parent = parent.parentElement) {
        const { overflowX } = getComputedStyle(parent)
        if (overflowX === 'visible') continue
        const isScroller = overflowX === 'auto' || overflowX === 'scroll'
        if (!isScroller && parent.scrollWidth > parent.clientWidth + 1 && parent.contains(element)) {
          problems.add(`cut off "${parent.textContent!.trim().slice(0, 8)}"`)
        }
        break
      }
    }
    return [...problems]
  })
}
