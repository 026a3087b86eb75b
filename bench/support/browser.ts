// A real Chromium with the production build, and the times that its page reports.
import type { Browser, BrowserContext, CDPSession, ConsoleMessage, Page } from '@playwright/test'
import { chromium } from '@playwright/test'
import { CHROMIUM } from '../../tests/support/chromium.ts'
import type { Bin } from './catalogue.ts'
import type { BenchStage } from './stage.ts'

const PHONE = { width: 360, height: 640 }
/** A slow measurement gives a bad figure and must not fail. */
const TIMEOUT_MS = 120_000

export async function openBrowser(): Promise<Browser> {
  return chromium.launch(CHROMIUM)
}

export interface TestedDevice {
  context: BrowserContext
  page: Page
}

export async function openDevice(browser: Browser, baseURL: string): Promise<TestedDevice> {
  const context = await browser.newContext({ viewport: PHONE, locale: 'en-GB', baseURL })
  context.setDefaultTimeout(TIMEOUT_MS)
  await context.addInitScript(installWatch, MARK)
  context.on('console', onConsole)
  return { context, page: await context.newPage() }
}

/** Fills in the form and presses the button. The caller waits for the result. */
export async function signIn(page: Page, { email, password }: Pick<BenchStage, 'email' | 'password'>): Promise<void> {
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A device with all rows that can open without a connection. */
export async function syncedDevice(browser: Browser, stage: BenchStage): Promise<TestedDevice> {
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

/** The states of the page that can be waited for. */
export type PageState = 'scan' | 'firstLines' | 'online'

interface Watch {
  /** When each was first painted, in ms since the navigation began. */
  seen: Partial<Record<PageState, number>>
  /** Waits for the next change of the page that satisfies the condition. Resolves to the time when it was painted. */
  painted(isThere: () => boolean): Promise<number>
  /** Scans a code. Returns the time of its last key. */
  scan(code: string): number
  /** Reports on the console when the card of a scan shows this item, and not another card or the empty one. */
  reportAnswer(name: string): void
}

declare global {
  interface Window {
    benchWatch: Watch
  }
}

/**
 * Milliseconds since the page's navigation began. The page reports it on its console, because asking the page would run
 * code of the debugging library in it, which takes a fifth of a second to start.
 */
export async function reached(page: Page, state: PageState | 'answered'): Promise<number> {
  const end = Date.now() + TIMEOUT_MS
  for (;;) {
    const at = reports.get(page)?.get(state)
    if (at !== undefined) return at
    if (Date.now() > end) throw new Error(`not seen: ${state}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const reports = new WeakMap<Page, Map<string, number>>()

function onConsole(message: ConsoleMessage): void {
  const page = message.page()
  const [mark, state, at] = message.text().split(' ')
  if (mark !== MARK || !page || !state) return
  if (state === 'begins') reports.set(page, new Map())
  reports.get(page)?.set(state, Number(at))
}

const MARK = 'bench-watch'

/**
 * Scans a code from inside the page, because keys sent by the debugging protocol are as slow as this machine is busy.
 */
export async function scan(page: Page, code: string): Promise<void> {
  await page.evaluate((text) => window.benchWatch.scan(text), code)
}

/** Chooses "Receive" and scans the location. */
export async function selectReceiveAt(page: Page, bin: Bin): Promise<void> {
  await page.getByRole('radio', { name: 'Receive', exact: true }).check({ force: true })
  await scan(page, bin.code)
  await page.getByText(bin.name, { exact: true }).first().waitFor()
}

/** Runs in the page before its scripts. */
function installWatch(mark: string): void {
  const states: Record<PageState, () => boolean> = {
    scan: () => document.querySelector('.scan-header') !== null,
    firstLines: () => document.querySelector('main a[href^="/items/"]') !== null,
    online: () => (document.querySelector('.banner')?.textContent ?? '').startsWith('Online'),
  }
  const seen: Watch['seen'] = {}
  console.debug(`${mark} begins 0`)
  const watchers = new Set<{ isThere: () => boolean; resolve: (at: number) => void }>()
  /** Runs a callback after the next frame was drawn. */
  const afterFrame = (then: (at: number) => void) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => then(performance.now())
      port2.postMessage(null)
    })
  const look = () => {
    for (const name of Object.keys(states) as PageState[]) {
      if (name in seen || !states[name]()) continue
      seen[name] = undefined as unknown as number
      afterFrame((at) => {
        seen[name] = at
        console.debug(`${mark} ${name} ${at}`)
      })
    }
    for (const wait of watchers) {
      if (!wait.isThere()) continue
      watchers.delete(wait)
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
        watchers.add({ isThere, resolve })
        look()
      }),
    reportAnswer: (name) => {
      const squeezed = (text: string) => text.replace(/\s+/g, ' ').trim()
      const isThere = () =>
        squeezed(document.querySelector('.scan-body .card h2')?.textContent ?? '') === squeezed(name)
      void window.benchWatch.painted(isThere).then((at) => console.debug(`${mark} answered ${at}`))
    },
    scan: (code) => {
      // A scanner's keys have the time at which the system received them. Events created here would have the time at
      // which the slowed page created them, and a stall between two would split the code.
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
