// A real Chromium at the production build, and what its page tells of time.
import type { Browser, BrowserContext, CDPSession, ConsoleMessage, Page } from '@playwright/test'
import { chromium } from '@playwright/test'
import { CHROMIUM } from '../../tests/support/chromium.ts'
import type { Place } from './catalogue.ts'
import type { BenchStage } from './stage.ts'

const PHONE = { width: 360, height: 640 }
/** A slow measurement is one with a bad figure, not one that fails. */
const PATIENCE_MS = 120_000

export async function openBrowser(): Promise<Browser> {
  return chromium.launch(CHROMIUM)
}

export interface TestedDevice {
  context: BrowserContext
  page: Page
}

export async function openDevice(browser: Browser, baseURL: string): Promise<TestedDevice> {
  const context = await browser.newContext({ viewport: PHONE, locale: 'en-GB', baseURL })
  context.setDefaultTimeout(PATIENCE_MS)
  await context.addInitScript(installWatch, MARK)
  context.on('console', hear)
  return { context, page: await context.newPage() }
}

/** Fills in the form and presses the button; what comes after is for the caller to wait for. */
export async function signIn(page: Page, { email, password }: Pick<BenchStage, 'email' | 'password'>): Promise<void> {
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A device that holds everything and opens without a connection. */
export async function settledDevice(browser: Browser, stage: BenchStage): Promise<TestedDevice> {
  const device = await openDevice(browser, stage.url)
  await device.page.goto('/')
  await signIn(device.page, stage)
  await reached(device.page, 'online')
  await device.page.evaluate(() => navigator.serviceWorker.ready)
  return device
}

export async function slowDown(page: Page, rate: number): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate })
  return session
}

/** What can be waited for, as it can be seen on the page. */
export type Sight = 'scan' | 'firstLines' | 'online'

interface Watch {
  /** When each was first painted, in ms since the page began. */
  seen: Partial<Record<Sight, number>>
  /** Waits for the next change of the page that satisfies; resolves to when it was painted. */
  painted(isThere: () => boolean): Promise<number>
  /** Pulls the trigger; returns when the last key was pressed. */
  pull(code: string): number
  /** Says on the console when the scan's card shows this item: no other card, and not the one that waits for a scan. */
  tellAnswer(name: string): void
}

declare global {
  interface Window {
    benchWatch: Watch
  }
}

/**
 * Milliseconds since the page's navigation began. The page tells it on its console: asking it would run code of the
 * debugging library in it, whose start alone takes a fifth of a second.
 */
export async function reached(page: Page, sight: Sight | 'answered'): Promise<number> {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const at = told.get(page)?.get(sight)
    if (at !== undefined) return at
    if (Date.now() > end) throw new Error(`not seen: ${sight}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const told = new WeakMap<Page, Map<string, number>>()

function hear(message: ConsoleMessage): void {
  const page = message.page()
  const [mark, sight, at] = message.text().split(' ')
  if (mark !== MARK || !page || !sight) return
  if (sight === 'begins') told.set(page, new Map())
  told.get(page)?.set(sight, Number(at))
}

const MARK = 'bench-watch'

/** Pulls the trigger in the page itself: keys by the debugging protocol come at the pace of the machine's load. */
export async function scan(page: Page, code: string): Promise<void> {
  await page.evaluate((text) => window.benchWatch.pull(text), code)
}

/** Chooses "Receive" and says where. */
export async function standAt(page: Page, bin: Place): Promise<void> {
  await page.getByRole('radio', { name: 'Receive', exact: true }).check({ force: true })
  await scan(page, bin.code)
  await page.getByText(bin.name, { exact: true }).first().waitFor()
}

/** Runs in the page, before its scripts. */
function installWatch(mark: string): void {
  const sights: Record<Sight, () => boolean> = {
    scan: () => document.querySelector('.scan-header') !== null,
    firstLines: () => document.querySelector('main a[href^="/items/"]') !== null,
    online: () => (document.querySelector('.banner')?.textContent ?? '').startsWith('Online'),
  }
  const seen: Watch['seen'] = {}
  console.debug(`${mark} begins 0`)
  const waiting = new Set<{ isThere: () => boolean; resolve: (at: number) => void }>()
  /** After the frame: whatever was queued behind it runs once it is drawn. */
  const afterFrame = (then: (at: number) => void) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => then(performance.now())
      port2.postMessage(null)
    })
  const look = () => {
    for (const name of Object.keys(sights) as Sight[]) {
      if (name in seen || !sights[name]()) continue
      seen[name] = undefined as unknown as number
      afterFrame((at) => {
        seen[name] = at
        console.debug(`${mark} ${name} ${at}`)
      })
    }
    for (const wait of waiting) {
      if (!wait.isThere()) continue
      waiting.delete(wait)
      afterFrame(wait.resolve)
    }
  }
  new MutationObserver(look).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['href', 'class'],
  })
  window.benchWatch = {
    seen,
    painted: (isThere) =>
      new Promise((resolve) => {
        waiting.add({ isThere, resolve })
        look()
      }),
    tellAnswer: (name) => {
      const squeezed = (text: string) => text.replace(/\s+/g, ' ').trim()
      const isThere = () =>
        squeezed(document.querySelector('.scan-body .card h2')?.textContent ?? '') === squeezed(name)
      void window.benchWatch.painted(isThere).then((at) => console.debug(`${mark} answered ${at}`))
    },
    pull: (code) => {
      // A scanner's keys carry the time at which the system got them. Made here, they would carry the time at which this
      // slowed page came to make them, and a stall between two would cut the code in two.
      const at = performance.now()
      let last = at
      for (const key of [...code, 'Enter']) {
        const target = document.activeElement ?? document.body
        last = performance.now()
        for (const type of ['keydown', 'keyup']) {
          const event = new KeyboardEvent(type, { key, bubbles: true, cancelable: true })
          Object.defineProperty(event, 'timeStamp', { value: at })
          target.dispatchEvent(event)
        }
      }
      return last
    },
  }
}
