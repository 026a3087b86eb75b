// Waiting times of a person with a handheld, with a large catalogue and, if noted, a processor slowed four times.
import type { Browser, Page } from '@playwright/test'
import type { TestedDevice } from './support/browser.ts'
import { openDevice, reached, syncedDevice, signIn, slowDown, selectReceiveAt } from './support/browser.ts'
import type { BenchCatalogue, Product } from './support/catalogue.ts'
import type { Figure } from './support/figures.ts'
import { median, ms, percentile } from './support/figures.ts'
import type { BenchStage } from './support/stage.ts'
import type { StaticServer } from './support/static-server.ts'
import { serveStatic } from './support/static-server.ts'

const SLOWED = 4
const SCANS = 50
/** Pause between two scans, because work of the previous one may still be running. */
const BETWEEN_SCANS_MS = 150
const ANSWER_GOAL_MS = 50
const FIRST_SCAN_GOAL_MS = 1_000
const COLD_START_GOAL_MS = 1_000
const COLD_SCAN_GOAL_MS = 2_000
const RUNS = 3

/** A new device scans one item while it still loads the others, so it asks the server. */
export async function measureFirstScan(
  browser: Browser,
  stage: BenchStage,
  { items }: BenchCatalogue,
): Promise<Figure> {
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const { context, page } = await openDevice(browser, stage.url)
    await page.goto('/')
    // The item that was created last is loaded last.
    await page.evaluate(scanAtOnce, items.at(-1 - run)!)
    await signIn(page, stage)
    const answered = await reached(page, 'answered')
    const signedIn = await page.evaluate(
      () =>
        (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).find(({ name }) =>
          name.includes('/trpc/auth.login'),
        )?.responseEnd,
    )
    times.push(answered - (signedIn ?? 0))
    await context.close()
  }
  return {
    what: `first scan answered after signing in on a new device, ${counted(items.length)} items`,
    measured: ms(median(times)),
    limit: '(none)',
    goal: `≤ ${FIRST_SCAN_GOAL_MS / 1000} s`,
    met: median(times) <= FIRST_SCAN_GOAL_MS,
  }
}

/** Runs in the page: scans the moment that the scan screen appears. */
function scanAtOnce({ code, name }: Product): void {
  const watch = new MutationObserver(() => {
    if (!document.querySelector('.scan-header')) return
    watch.disconnect()
    window.benchWatch.reportAnswer(name)
    // The scanner is bound right after the screen appears.
    setTimeout(() => window.benchWatch.scan(code), 50)
  })
  watch.observe(document, { subtree: true, childList: true })
}

/** From the last key of the code to the frame with the item and its new quantity. */
export async function measureScan(
  browser: Browser,
  stage: BenchStage,
  { items, bins }: BenchCatalogue,
): Promise<Figure> {
  const { context, page } = await syncedDevice(browser, stage)
  await selectReceiveAt(page, bins[0]!)
  await slowDown(page, SLOWED)
  const chosen = everyNth(items, SCANS + 5)
  const times: number[] = []
  for (const item of chosen) {
    await page.waitForTimeout(BETWEEN_SCANS_MS)
    times.push(await page.evaluate(scanUntilPainted, { code: item.code, name: item.name }))
  }
  const frame = await measureFrame(page)
  await context.close()
  const measured = times.slice(chosen.length - SCANS) // the first ones compile the code
  const p95 = percentile(measured, 0.95)
  return {
    what: `scan to painted answer, ${counted(items.length)} items, processor slowed ${SLOWED}×, p50 / p95`,
    measured: `${ms(median(measured))} / ${ms(p95)}`,
    limit: `${ms(frame)} (one frame)`,
    goal: `p95 ≤ ${ANSWER_GOAL_MS} ms`,
    met: p95 <= ANSWER_GOAL_MS,
  }
}

/** Runs in the page. The stepper shows the quantity of the run, which starts again with each other item. */
async function scanUntilPainted({ code, name }: { code: string; name: string }): Promise<number> {
  const squeezed = (text: string | null | undefined) => (text ?? '').replace(/\s+/g, ' ').trim()
  const title = () => squeezed(document.querySelector('.scan-body .card h2')?.textContent)
  const before = document.querySelector('.scan-body .card')?.textContent
  const start = window.benchWatch.scan(code)
  const until = window.benchWatch.painted(
    () => title() === squeezed(name) && document.querySelector('.scan-body .card')?.textContent !== before,
  )
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => {
      const shown = squeezed(document.querySelector('.scan-body')?.textContent).slice(0, 300)
      reject(new Error(`${code} "${name}" was not answered; the screen shows: ${shown}`))
    }, 20_000),
  )
  return (await Promise.race([until, late])) - start
}

const QUERIES = ['chocolat noir', 'cafe', 'tomat', 'bio lait', '35601']

/** Each keystroke of a few queries, then each filter, from the key to the frame with the results. */
export async function measureSearch(browser: Browser, stage: BenchStage, { items }: BenchCatalogue): Promise<Figure[]> {
  const device = await syncedDevice(browser, stage)
  const { page } = device
  await page.locator('nav a[href="/stock"]:visible').first().click()
  await reached(page, 'firstLines')
  await slowDown(page, SLOWED)
  await typed(page, 'warm')
  const keys: number[] = []
  for (const query of QUERIES) keys.push(...(await typed(page, query)))
  const filters = await measureFilters(page)
  const frame = await measureFrame(page)
  await device.context.close()
  const figure = (what: string, times: number[]): Figure => ({
    what: `${what}, ${counted(items.length)} items, processor slowed ${SLOWED}×, p50 / p95`,
    measured: `${ms(median(times))} / ${ms(percentile(times, 0.95))}`,
    limit: `${ms(frame)} (one frame)`,
    goal: `p95 ≤ ${ANSWER_GOAL_MS} ms`,
    met: percentile(times, 0.95) <= ANSWER_GOAL_MS,
  })
  return [figure('search as you type', keys), figure('any filter, with and without a search word', filters)]
}

async function typed(page: Page, query: string): Promise<number[]> {
  const times: number[] = []
  const all = await resultCount(page)
  for (let length = 1; length <= query.length; length++) {
    times.push(await page.evaluate(typeUntilPainted, query.slice(0, length)))
    await page.waitForTimeout(60) // a fast typist
  }
  if ((await resultCount(page)) === all) throw new Error(`the search ignored "${query}"`)
  await page.evaluate(typeUntilPainted, '')
  return times
}

/**
 * The number of results on the page. A key or filter that did not change it was not handled, and its time is
 * meaningless.
 */
const resultCount = (page: Page) => page.locator('.stock-head [role=status]').first().innerText()

/** Runs in the page. The results are drawn in the same task as the key, or in the frames that follow. */
async function typeUntilPainted(text: string): Promise<number> {
  const input = document.querySelector<HTMLInputElement>('input[type=search]')!
  let changes = 0
  const watch = new MutationObserver(() => (changes += 1))
  watch.observe(document.querySelector('main')!.parentElement!, { subtree: true, childList: true, characterData: true })
  const start = performance.now()
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, text)
  input.dispatchEvent(new Event('input', { bubbles: true }))
  let at = await window.benchWatch.painted(() => true)
  // A later change is part of the answer as well.
  for (let quiet = 0; quiet < 4;) {
    const before = changes
    const next = await window.benchWatch.painted(() => true)
    if (changes > before) {
      at = next
      quiet = 0
    } else quiet += 1
  }
  watch.disconnect()
  return at - start
}

async function measureFilters(page: Page): Promise<number[]> {
  const times: number[] = []
  const answers = new Set<string>()
  // Opened first, because the first filter by stock waits until the totals are counted, which the page shows.
  await page.getByRole('radio', { name: 'In stock' }).check({ force: true })
  await page.locator('main a[href^="/items/"]').first().waitFor()
  for (const query of ['', 'cho']) {
    await page.evaluate(typeUntilPainted, query)
    for (const name of ['Low', 'In stock', 'All', 'In stock', 'Low', 'All']) {
      times.push(await page.evaluate(chooseUntilPainted, { kind: 'radio' as const, name }))
    }
    await page.getByRole('button', { name: /^Filter/ }).click()
    for (const field of ['Category', 'Location']) {
      for (const index of [1, 3, 0]) {
        times.push(await page.evaluate(chooseUntilPainted, { kind: 'select' as const, name: field, index }))
        answers.add(`${query} ${field} ${await resultCount(page)}`)
      }
    }
    await page.keyboard.press('Escape')
  }
  // For each word and field: all items, and at least one branch with fewer.
  if (answers.size < 8) throw new Error(`the filters were ignored: ${[...answers].join(', ')}`)
  return times
}

/** Runs in the page. */
async function chooseUntilPainted({
  kind,
  name,
  index = 0,
}: {
  kind: 'radio' | 'select'
  name: string
  index?: number
}) {
  const named = ({ textContent }: Element) => textContent?.trim() === name
  const radio = [...document.querySelectorAll<HTMLElement>('[role=radio]')].find(named)
  const select = [...document.querySelectorAll('label')].find(named)?.control
  const start = performance.now()
  if (kind === 'radio') radio!.click()
  else {
    ;(select as HTMLSelectElement).selectedIndex = index
    select!.dispatchEvent(new Event('input', { bubbles: true }))
    select!.dispatchEvent(new Event('change', { bubbles: true }))
  }
  return (await window.benchWatch.painted(() => true)) - start
}

/** The installed app, opened without a connection and with an empty HTTP cache. */
export async function measureColdStart(
  browser: Browser,
  stage: BenchStage,
  { items }: BenchCatalogue,
): Promise<Figure[]> {
  const device = await syncedDevice(browser, stage)
  await selectReceiveAt(device.page, { id: '', name: 'Bin 1-1', code: 'LOC-1-1' })
  await device.page.close()
  await device.context.setOffline(true)
  const times: number[] = []
  for (let run = 0; run < RUNS + 2; run++) times.push(await coldStart(device, { state: 'scan' }))
  const scans: number[] = []
  for (const item of everyNth(items, RUNS)) scans.push(await coldStart(device, { state: 'answered', scanned: item }))
  await device.context.close()
  const empty = await serveStatic({ '/': EMPTY_PAGE })
  const limit = await emptyPage(browser, empty)
  empty.close()
  const figure = (what: string, measured: number, goalMs: number): Figure => ({
    what: `installed app, offline, cold start to ${what}, ${counted(items.length)} items, slowed ${SLOWED}×`,
    measured: ms(measured),
    limit: `${ms(limit)} (an empty page)`,
    goal: `≤ ${goalMs / 1000} s`,
    met: measured <= goalMs,
  })
  return [
    figure('ready to scan', median(times), COLD_START_GOAL_MS),
    figure('the answer of a scan at that moment', median(scans), COLD_SCAN_GOAL_MS),
  ]
}

const EMPTY_PAGE = '<!doctype html><title>empty</title><body><main><div class="scan-header">empty</div></main>'

async function emptyPage(browser: Browser, server: StaticServer): Promise<number> {
  const device = await openDevice(browser, server.url)
  await device.page.close()
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) times.push(await coldStart(device, { state: 'scan' }))
  await device.context.close()
  return median(times)
}

async function coldStart(
  { context }: TestedDevice,
  { state, scanned }: { state: 'scan' | 'answered'; scanned?: Product },
): Promise<number> {
  const page = await context.newPage()
  if (scanned) await page.addInitScript(scanAtOnce, scanned)
  const session = await slowDown(page, SLOWED)
  await session.send('Network.clearBrowserCache')
  await page.goto('/')
  const at = await reached(page, state)
  await page.close()
  return at
}

/** The duration of a frame on this page when nothing happens in it. */
async function measureFrame(page: Page): Promise<number> {
  const times = await page.evaluate(async () => {
    const times: number[] = []
    for (let i = 0; i < 20; i++) {
      const start = performance.now()
      const at = await window.benchWatch.painted(() => true)
      times.push(at - start)
    }
    return times
  })
  return median(times)
}

function everyNth(items: readonly Product[], count: number): Product[] {
  const step = Math.floor(items.length / count)
  return Array.from({ length: count }, (_, i) => items[i * step]!)
}

const counted = (count: number) => count.toLocaleString('en')
