// `npm run bench [-- name …]`: measures the figures of docs/performance.md, each next to its limit in the same run.
// Without names it measures all and writes the tables into docs/performance.md. With names it measures only those and
// prints them.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import type { Browser } from '@playwright/test'
import postgres from 'postgres'
import { build } from 'vite'
import { measureAcknowledgement } from './acknowledgement.ts'
import { measureCounting } from './counting.ts'
import type { FirstSync } from './browser-first-sync.ts'
import { firstSyncFigure, measureFirstSync, measureReopen } from './browser-first-sync.ts'
import { measureColdStart, measureFirstScan, measureScan, measureSearch } from './browser-scan.ts'
import { measureScripts, measureTabMemory } from './browser-size.ts'
import { measureEditToDevice, measureSockets } from './live.ts'
import { measureOfflineEdits } from './offline-edits.ts'
import { findProgram } from '../scripts/find-program.ts'
import { measureOrganisations, measurePooler, measureReplicas } from './growth.ts'
import type { PullTime } from './pull-growth.ts'
import { measurePull, pullFigure } from './pull-growth.ts'
import { measureThroughput } from './server-throughput.ts'
import { measureSocketMemory } from './socket-memory.ts'
import { measureStorage } from './storage.ts'
import { openBrowser } from './support/browser.ts'
import { BenchCatalogue } from './support/catalogue.ts'
import type { Figure } from './support/figures.ts'
import { tableOf } from './support/figures.ts'
import type { BenchStage } from './support/stage.ts'
import { openStage } from './support/stage.ts'
import { warmUp } from './support/warm-up.ts'

const ROOT = resolve(import.meta.dirname, '..')
const PAGE = resolve(ROOT, 'docs/performance.md')
const [BEGIN, END] = ['<!-- measured: begin -->', '<!-- measured: end -->']
const ITEMS = 100_000
const POSITIONS = 200_000
const FIRST_SYNC_SIZES = [10_000, 50_000, ITEMS]
/** Larger than the other figures need. Only the first sync grows this far. */
const LARGEST = 200_000
const PULL_SIZES = [1_000, 10_000, ITEMS]
const DEVICES = [1, 10, 100, 200, 1_000]

/** In the order of the two tables. */
const PEERS = ['first-sync', 'reopen', 'offline-edits', 'edit-to-device', 'throughput', 'sockets'] as const
const FURTHER = [
  'acknowledgement',
  'counting',
  'organisations',
  'replicas',
  'pooler',
  'storage',
  'first-scan',
  'pull',
  'scan',
  'search',
  'cold-start',
  'scripts',
  'tab-memory',
  'socket-memory',
] as const
type Name = (typeof PEERS)[number] | (typeof FURTHER)[number]
/** Figures of a server without a catalogue, measured after a warm-up of some seconds. */
const ON_SMALL_STAGE: readonly Name[] = [
  'throughput',
  'offline-edits',
  'edit-to-device',
  'acknowledgement',
  'counting',
  'sockets',
  'replicas',
  'organisations',
  'pooler',
  'storage',
  'socket-memory',
]

const requested = requestedNames()
const measured = new Map<Name, Figure[]>()
const isRequested = (...names: Name[]) => names.some((name) => requested.includes(name))

async function measure(name: Name, ask: () => Promise<Figure | Figure[]>): Promise<void> {
  if (!isRequested(name)) return
  console.error(`measuring ${name} …`)
  measured.set(name, [...(measured.get(name) ?? []), ...[await ask()].flat()])
}

async function onSmallStage(stage: BenchStage): Promise<void> {
  console.error('warming up …')
  await warmUp(stage)
  await measure('throughput', () => measureThroughput(stage))
  await measure('offline-edits', () => measureOfflineEdits(stage))
  await measure('edit-to-device', () => measureEditToDevice(stage))
  for (const devices of DEVICES) await measure('acknowledgement', () => measureAcknowledgement(stage, devices))
  await measure('counting', () => measureCounting(stage))
  await measure('sockets', () => measureSockets(stage))
  await measure('replicas', () => measureReplicas(stage))
  await measure('organisations', () => measureOrganisations(stage))
  const pgbouncer = findProgram('pgbouncer')
  if (pgbouncer === undefined) process.stderr.write('pooler: not measured, because this machine lacks pgbouncer\n')
  else await measure('pooler', () => measurePooler(stage, pgbouncer))
  await measure('storage', () => measureStorage(stage))
  await measure('socket-memory', () => measureSocketMemory(stage))
}

async function onLargeStage(stage: BenchStage, browser: Browser): Promise<void> {
  const catalogue = new BenchCatalogue(stage)
  const pulls: PullTime[] = []
  let largest: FirstSync | undefined
  for (const size of [...new Set([...PULL_SIZES, ...FIRST_SYNC_SIZES])].toSorted((a, b) => a - b)) {
    if (!isRequested('pull', 'first-sync') && size < ITEMS) continue
    await catalogue.growTo(size)
    if (FIRST_SYNC_SIZES.includes(size) && isRequested('first-sync', 'reopen')) {
      largest = await measureFirstSync(browser, stage, size)
      const figure = firstSyncFigure(largest)
      await measure('first-sync', async () => figure)
    }
    if (PULL_SIZES.includes(size) && isRequested('pull')) pulls.push(await measurePull(stage, catalogue))
  }
  await measure('pull', async () => pullFigure(pulls))
  await measure('reopen', () => measureReopen(browser, stage, largest!))
  await measure('first-scan', () => measureFirstScan(browser, stage, catalogue))
  await measure('scripts', () => measureScripts(browser, stage))
  await measure('cold-start', () => measureColdStart(browser, stage, catalogue))
  await measure('scan', () => measureScan(browser, stage, catalogue))
  if (isRequested('search', 'tab-memory')) {
    await catalogue.stockTo(POSITIONS)
    await measure('search', () => measureSearch(browser, stage, catalogue))
    const sizes = { items: catalogue.items, positions: POSITIONS }
    await measure('tab-memory', () => measureTabMemory(browser, stage, sizes))
  }
  if (!isRequested('first-sync')) return
  await catalogue.growTo(LARGEST)
  await measure('first-sync', async () => firstSyncFigure(await measureFirstSync(browser, stage, LARGEST)))
}

async function main(): Promise<void> {
  await build({ configFile: resolve(ROOT, 'vite.config.ts'), logLevel: 'error' })
  if (isRequested(...ON_SMALL_STAGE)) await onStage(onSmallStage)
  const browser = await openBrowser()
  const postgresVersion = await onStage((stage) => onLargeStage(stage, browser))
  const chromium = browser.version()
  await browser.close()
  const text = report({ chromium, postgresVersion })
  console.log(text)
  if (process.argv.length === 2) writeIntoPage(text)
}

/** Resolves to the version of PostgreSQL. */
async function onStage(use: (stage: BenchStage) => Promise<void>): Promise<string> {
  const stage = await openStage()
  try {
    await use(stage)
    const sql = postgres(stage.ownerUrl, { max: 1 })
    const [row] = await sql`show server_version`
    await sql.end()
    return String(row?.['server_version'])
  } finally {
    await stage.close()
  }
}

function report({ chromium, postgresVersion }: { chromium: string; postgresVersion: string }): string {
  const figuresOf = (names: readonly Name[]) => names.flatMap((name) => measured.get(name) ?? [])
  const machine = [
    new Date().toISOString().slice(0, 10),
    `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `Node ${process.version.slice(1)}`,
    `Chromium ${chromium}`,
    `PostgreSQL ${postgresVersion.split(' ')[0]}`,
    `commit ${execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim()}`,
  ]
  const parts = [machine.join(' · ')]
  if (isRequested(...PEERS)) parts.push('Also measured for other systems:', tableOf(figuresOf(PEERS)))
  if (isRequested(...FURTHER)) parts.push('Other figures:', tableOf(figuresOf(FURTHER)))
  return parts.join('\n\n')
}

function writeIntoPage(text: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no markers for the figures`)
  writeFileSync(PAGE, `${page.slice(0, begin + BEGIN.length)}\n\n${text}\n\n${page.slice(end)}`)
}

function requestedNames(): readonly Name[] {
  const all: readonly Name[] = [...PEERS, ...FURTHER]
  const names = process.argv.slice(2)
  const unknown = names.filter((name) => !all.includes(name as Name))
  if (unknown.length > 0) {
    console.error(`unknown figure ${unknown.join(', ')}: the figures are ${all.join(', ')}`)
    process.exit(2) // before anything has started
  }
  return names.length === 0 ? all : (names as Name[])
}

await main()
