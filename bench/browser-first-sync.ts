// The first sync of a new device and its next start without a connection, next to the same rows as one static file that
// the same browser fetches, parses, puts into Maps and stores.
import type { Browser, Page } from '@playwright/test'
import type { PullAnswer } from '#shared/protocol/wire.ts'
import type { WireTables } from '#shared/rows/rows.ts'
import { openDevice, reached, syncedDevice, signIn } from './support/browser.ts'
import type { Figure } from './support/figures.ts'
import { median, ms } from './support/figures.ts'
import { get } from './support/stage.ts'
import type { BenchStage } from './support/stage.ts'
import type { StaticServer } from './support/static-server.ts'
import { serveStatic } from './support/static-server.ts'

const RUNS = 3
const CHUNK_ROWS = 1_000
const FIRST_SYNC_GOAL = 3
const REOPEN_GOAL = 2

/** Milliseconds since the request for the first page of rows. */
export interface FirstSync {
  items: number
  /** The first lines of the stock list are painted. */
  usable: number
  /** All rows are in memory and on the disk, and the device reports that it is online. */
  stored: number
  limit: Limit
}

interface Limit {
  usable: number
  stored: number
  reopened: number
}

export async function measureFirstSync(browser: Browser, stage: BenchStage, items: number): Promise<FirstSync> {
  const runs: { usable: number; stored: number }[] = []
  for (let run = 0; run < RUNS; run++) runs.push(await firstSync(browser, stage, items))
  return {
    items,
    usable: median(runs.map(({ usable }) => usable)),
    stored: median(runs.map(({ stored }) => stored)),
    limit: await measureLimit(browser, stage),
  }
}

export function firstSyncFigure({ items, usable, stored, limit }: FirstSync): Figure {
  return {
    what: `first sync of ${items.toLocaleString('en')} items: first lines on screen / all rows readable and stored`,
    measured: `${ms(usable)} / ${ms(stored)}`,
    limit: `${ms(limit.usable)} / ${ms(limit.stored)} (static file, all in Maps / stored in chunks)`,
    goal: `≤ ${FIRST_SYNC_GOAL} ×`,
    met: usable <= FIRST_SYNC_GOAL * limit.usable && stored <= FIRST_SYNC_GOAL * limit.stored,
  }
}

async function firstSync(
  browser: Browser,
  stage: BenchStage,
  items: number,
): Promise<{ usable: number; stored: number }> {
  const { context, page } = await openDevice(browser, stage.url)
  await page.goto('/')
  await page.evaluate(pressStockAtOnce)
  await signIn(page, stage)
  const usable = await reached(page, 'firstLines')
  const stored = await reached(page, 'online')
  const count = await page.locator('.stock-head [role=status]').first().innerText()
  if (!count.startsWith(items.toLocaleString('en'))) throw new Error(`the device is online, but shows ${count}`)
  const requested = await page.evaluate(
    () => performance.getEntriesByType('resource').find(({ name }) => name.includes('/trpc/sync.pull'))?.startTime ?? 0,
  )
  await context.close()
  return { usable: usable - requested, stored: stored - requested }
}

/** Like a person who wants to see the stock. */
function pressStockAtOnce(): void {
  const watch = new MutationObserver(() => {
    const link = document.querySelector<HTMLAnchorElement>('nav a[href="/stock"]')
    if (!link) return
    watch.disconnect()
    link.click()
  })
  watch.observe(document, { subtree: true, childList: true })
}

/** From the navigation to the scan screen, which appears once all rows are in memory. */
export async function measureReopen(
  browser: Browser,
  stage: BenchStage,
  { items, limit }: { items: number; limit: Limit },
): Promise<Figure> {
  const { context, page } = await syncedDevice(browser, stage)
  await page.close()
  await context.setOffline(true)
  const times: number[] = []
  for (let run = 0; run < RUNS + 2; run++) {
    const again = await context.newPage()
    await again.goto('/')
    times.push(await reached(again, 'scan'))
    await again.close()
  }
  await context.close()
  const measured = median(times)
  return {
    what: `reopen offline with ${items.toLocaleString('en')} items, all rows readable`,
    measured: ms(measured),
    limit: `${ms(limit.reopened)} (a bare page that reads and parses the chunks)`,
    goal: `≤ ${REOPEN_GOAL} ×`,
    met: measured <= REOPEN_GOAL * limit.reopened,
  }
}

async function measureLimit(browser: Browser, stage: BenchStage): Promise<Limit> {
  const server = await serveStatic({
    '/': '<!doctype html><title>limit</title>',
    '/rows.json': JSON.stringify(await readAll(stage)),
  })
  const fresh: { usable: number; stored: number }[] = []
  const reopened: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const { context, page } = await openDevice(browser, server.url)
    await page.goto('/')
    fresh.push(await page.evaluate(takeStaticRows, CHUNK_ROWS))
    await page.close()
    reopened.push(await reopenStatic(() => context.newPage(), server))
    await context.close()
  }
  server.close()
  return {
    usable: median(fresh.map(({ usable }) => usable)),
    stored: median(fresh.map(({ stored }) => stored)),
    reopened: median(reopened),
  }
}

async function reopenStatic(newPage: () => Promise<Page>, server: StaticServer): Promise<number> {
  const page = await newPage()
  await page.goto(server.url)
  const at = await page.evaluate(readStaticRows)
  await page.close()
  return at
}

/** All rows for a new device, as they are sent. */
async function readAll({ url, token }: BenchStage): Promise<WireTables> {
  const all: WireTables = {}
  let cursor: string | null = null
  for (let more = true; more;) {
    const page: PullAnswer = (await get(url, 'sync.pull', { cursor, limit: 20_000 }, token)) as PullAnswer
    for (const [kind, table] of Object.entries(page.tables) as [keyof WireTables, NonNullable<WireTables['items']>][]) {
      const known = all[kind]
      if (known) for (const row of table.rows) known.rows.push(row)
      else all[kind] = table
    }
    cursor = page.cursor
    more = page.more
  }
  return all
}

/** Runs in the page. */
async function takeStaticRows(chunkRows: number): Promise<{ usable: number; stored: number }> {
  const start = performance.now()
  type Tables = Record<string, { columns: string[]; rows: unknown[][] }>
  const tables = (await (await fetch('/rows.json')).json()) as Tables
  const maps = Object.entries(tables).map(([kind, { rows }]) => ({
    kind,
    map: new Map(rows.map((row) => [row[0], row])),
  }))
  const usable = performance.now() - start
  const opening = indexedDB.open('limit')
  opening.onupgradeneeded = () => opening.result.createObjectStore('chunks')
  await new Promise((resolve) => (opening.onsuccess = resolve))
  const writing = opening.result.transaction('chunks', 'readwrite', { durability: 'strict' })
  for (const { kind } of maps) {
    const { columns, rows } = tables[kind]!
    for (let i = 0; i < rows.length; i += chunkRows) {
      const text = JSON.stringify({ columns, rows: rows.slice(i, i + chunkRows) })
      writing.objectStore('chunks').put(text, `${kind} ${i}`)
    }
  }
  await new Promise((resolve) => (writing.oncomplete = resolve))
  const stored = performance.now() - start
  opening.result.close()
  return { usable, stored }
}

/** Runs in the page. Returns the time since its navigation. */
async function readStaticRows(): Promise<number> {
  const opening = indexedDB.open('limit')
  await new Promise((resolve) => (opening.onsuccess = resolve))
  const reading = opening.result.transaction('chunks').objectStore('chunks').getAll()
  await new Promise((resolve) => (reading.onsuccess = resolve))
  const map = new Map<unknown, unknown>()
  for (const text of reading.result as string[]) {
    for (const row of (JSON.parse(text) as { rows: unknown[][] }).rows) map.set(row[0], row)
  }
  return performance.now()
}
