// The cost for a device: scripts until it is ready to scan, and memory with a large catalogue.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser } from '@playwright/test'
import { build } from 'vite'
import { openDevice, reached, syncedDevice, signIn } from './support/browser.ts'
import type { BenchCatalogue } from './support/catalogue.ts'
import type { Figure } from './support/figures.ts'
import type { BenchStage } from './support/stage.ts'

const ROOT = resolve(import.meta.dirname, '..')
const SCRIPTS_GOAL_KB = 100
/** Work that is done while the device is idle counts as well. */
const AHEAD_MS = 8_000
const TAB_GOAL_MB = 120

/** For a signed-in person who opens the app for the first time on this device. */
export async function measureScripts(browser: Browser, stage: BenchStage): Promise<Figure> {
  const { context, page } = await openDevice(browser, stage.url)
  await page.goto('/')
  await signIn(page, stage)
  await reached(page, 'scan')
  // Signed in, so only the scripts of the scan screen are loaded now.
  await page.reload()
  await reached(page, 'scan')
  const paths = await page.evaluate(() =>
    performance.getEntriesByType('resource').flatMap(({ name, startTime }) => {
      const { pathname } = new URL(name)
      return pathname.endsWith('.js') && startTime <= (window.benchWatch.seen.scan ?? 0) ? [pathname] : []
    }),
  )
  await context.close()
  const bytes = [...new Set(paths)].map((path) => gzipSync(readFileSync(join(ROOT, 'dist/client', path))).length)
  const measured = bytes.reduce((sum, length) => sum + length, 0) / 1024
  return {
    what: `JavaScript to ready to scan, gzip, ${bytes.length} files`,
    measured: kilobytes(measured),
    limit: `${kilobytes(await smallestScripts())} (Dexie and Preact alone)`,
    goal: `≤ ${SCRIPTS_GOAL_KB} KB`,
    met: measured <= SCRIPTS_GOAL_KB,
  }
}

/** The libraries without an app, from the same bundler. Next to node_modules, so that they are found. */
async function smallestScripts(): Promise<number> {
  mkdirSync(join(ROOT, '.cache'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.cache', 'bench-'))
  try {
    const entry = join(folder, 'entry.js')
    writeFileSync(
      entry,
      `import { Dexie } from 'dexie'; import { h, render } from 'preact'; globalThis.all = [Dexie, h, render]`,
    )
    const outDir = mkdtempSync(join(tmpdir(), 'stockhand-bench-build-'))
    await build({
      configFile: false,
      logLevel: 'silent',
      root: folder,
      build: { outDir, emptyOutDir: true, target: 'es2022', lib: { entry, formats: ['es'] }, minify: true },
    })
    const files = readdirSync(outDir).filter((name) => name.endsWith('js'))
    const bytes = files.reduce((sum, name) => sum + gzipSync(readFileSync(join(outDir, name))).length, 0)
    rmSync(outDir, { recursive: true, force: true })
    return bytes / 1024
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The JavaScript heap after garbage collection, on the scan screen of a device with all rows. */
export async function measureTabMemory(
  browser: Browser,
  stage: BenchStage,
  { items, positions }: { items: BenchCatalogue['items']; positions: number },
): Promise<Figure> {
  const { context, page } = await syncedDevice(browser, stage)
  await page.reload() // as on every later day, from the disk
  await reached(page, 'online')
  await page.waitForTimeout(AHEAD_MS)
  const session = await context.newCDPSession(page)
  await session.send('Performance.enable')
  await session.send('HeapProfiler.collectGarbage')
  await session.send('HeapProfiler.collectGarbage')
  const { metrics } = await session.send('Performance.getMetrics')
  await context.close()
  const measured = (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? Number.NaN) / 1024 / 1024
  return {
    what: `memory of the tab, ${items.length.toLocaleString('en')} items, ${positions.toLocaleString('en')} positions (JavaScript heap after garbage collection)`,
    measured: `${Math.round(measured)} MB`,
    limit: '(none)',
    goal: `≤ ${TAB_GOAL_MB} MB`,
    met: measured <= TAB_GOAL_MB,
  }
}

const kilobytes = (value: number) => `${value.toFixed(1)} KB`
