// What `npm ci` prints on the oldest Node that may start it, and whether every package supports the Node that runs it. npm
// itself checks both. Only the Node that npm sees is simulated, because a machine has one.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findProgram } from '../../scripts/find-program.ts'

interface Lockfile {
  packages: Record<string, { engines?: Record<string, string> }>
}

const ROOT = resolve(import.meta.dirname, '../..')
/** The oldest Node 20 that npm 11 runs on. */
const OLDEST_NODE = 'v20.17.0'
/** Packages that were added since the lockfile was trimmed print five lines each. More than four would hide other warnings. */
const WARNING_LINES_MAX = 20
const REMEDY = 'run npm run lockfile and commit package-lock.json'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stockhand-npm-'))
  for (const name of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(ROOT, name), join(folder, name))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The program of npm: the one that started the tests, else the one in PATH. */
function npmProgram(): string {
  const started = process.env['npm_execpath']
  return started?.endsWith('npm-cli.js') ? started : realpathSync(findProgram('npm')!)
}

/** Runs `npm ci --dry-run` in the folder. It does not use the network. */
function npmCi({ nodeVersion = process.version, args = [] as string[] }): {
  status: number | null
  warnings: string[]
} {
  const preload = join(folder, 'node-version.cjs')
  writeFileSync(preload, `Object.defineProperty(process, 'version', { value: ${JSON.stringify(nodeVersion)} })\n`)
  const own = Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))
  const command = ['--require', preload, npmProgram(), 'ci', '--dry-run', '--offline', '--no-update-notifier', ...args]
  const { status, stderr } = spawnSync(process.execPath, command, {
    cwd: folder,
    env: Object.fromEntries(own),
    encoding: 'utf8',
  })
  return { status, warnings: stderr.split('\n').filter((line) => line !== '') }
}

function editLockfile(edit: (lockfile: Lockfile) => void): void {
  const path = join(folder, 'package-lock.json')
  const lockfile = JSON.parse(readFileSync(path, 'utf8')) as Lockfile
  edit(lockfile)
  writeFileSync(path, JSON.stringify(lockfile))
}

/** Adds the engines of the installed packages. Packages of other platforms are not installed. */
function restoreEngines({ packages }: Lockfile): void {
  for (const [path, entry] of Object.entries(packages)) {
    const manifest = join(ROOT, path, 'package.json')
    if (path === '' || !existsSync(manifest)) continue
    const { engines } = JSON.parse(readFileSync(manifest, 'utf8')) as { engines?: Record<string, string> }
    if (engines?.['node'] !== undefined) entry.engines = { node: engines['node'] }
  }
}

/** Makes this many packages require a Node that does not exist. */
function plant({ packages }: Lockfile, count: number): void {
  const paths = Object.keys(packages).filter((path) => existsSync(join(ROOT, path, 'package.json')) && path !== '')
  for (const path of paths.slice(0, count)) packages[path]!.engines = { node: '>=99' }
}

test('npm ci on Node 20 prints at most a few lines of warnings', () => {
  const { status, warnings } = npmCi({ nodeVersion: OLDEST_NODE })
  expect({ status, warnings: warnings.slice(WARNING_LINES_MAX) }, REMEDY).toEqual({ status: 0, warnings: [] })
})

test('npm ci still prints a warning for a package that the lockfile has engines of', () => {
  editLockfile((lockfile) => plant(lockfile, 5))
  const { status, warnings } = npmCi({ nodeVersion: OLDEST_NODE })
  expect(status).toBe(0)
  expect(warnings.length).toBeGreaterThan(WARNING_LINES_MAX)
  expect(warnings[0]).toContain('EBADENGINE')
})

test('npm ci still warns on a Node that is too old for this project', () => {
  const { warnings } = npmCi({ nodeVersion: 'v18.20.0' })
  expect(warnings.join('\n')).toContain("package: 'stockhand@")
})

test('every installed package supports the Node that runs it, and one that does not is found', () => {
  editLockfile(restoreEngines)
  const sound = npmCi({ args: ['--engine-strict'] })
  expect(sound).toEqual({ status: 0, warnings: [] })
  editLockfile((lockfile) => plant(lockfile, 1))
  const planted = npmCi({ args: ['--engine-strict'] })
  expect(planted.status).not.toBe(0)
  expect(planted.warnings.join('\n')).toContain('EBADENGINE')
})
