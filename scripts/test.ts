// `npm test`: runs every test, also on a bare machine. Guarantees: programs that the tests need and the machine lacks
// are installed (on Debian, as root) or named with how to get them; every stage runs even if one before it failed; the
// last line is `N passed, N failed` over all tests, and the exit code is 0 only if nothing failed.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { fetchKubectl } from './fetch-kubectl.ts'
import { findChromium, findProgram } from './find-program.ts'

type Count = { passed: number; failed: number }
type Need = {
  program: string
  found: () => string | undefined
  debian: string
  elsewhere: string
  /** Only its own tests need it. They report that they are skipped if it is missing. */
  optional?: true
}

const ROOT = resolve(import.meta.dirname, '..')
const RESULTS = join(ROOT, '.cache/test-results')

const NEEDS: Need[] = [
  {
    program: 'Chromium',
    found: findChromium,
    debian: 'chromium',
    elsewhere: 'install Chromium or Google Chrome, or set CHROMIUM_PATH to one',
  },
  {
    program: 'Redis',
    found: () => findProgram('redis-server'),
    debian: 'redis-server',
    elsewhere: 'install redis-server with the package manager of your system (brew install redis)',
  },
  {
    program: 'HAProxy',
    found: () => findProgram('haproxy'),
    debian: 'haproxy',
    elsewhere: 'install haproxy with the package manager of your system (brew install haproxy)',
  },
  {
    program: 'promtool',
    found: () => findProgram('promtool'),
    debian: 'prometheus',
    elsewhere: 'install Prometheus with the package manager of your system (brew install prometheus)',
  },
  {
    program: 'PgBouncer',
    found: () => findProgram('pgbouncer'),
    debian: 'pgbouncer',
    elsewhere: 'install pgbouncer with the package manager of your system (brew install pgbouncer)',
    optional: true,
  },
]

function main(): void {
  if (!prepare()) {
    finish({ passed: 0, failed: 0 }, ['the machine lacks what the tests need'])
    return
  }
  rmSync(RESULTS, { recursive: true, force: true })
  mkdirSync(RESULTS, { recursive: true })
  const total: Count = { passed: 0, failed: 0 }
  const failedStages: string[] = []
  const stage = (name: string, succeeded: boolean, count?: Count) => {
    total.passed += count?.passed ?? 0
    total.failed += count?.failed ?? 0
    // A stage that dies without a failed test (a type error, a crash) must not look like success.
    if (!succeeded && (count?.failed ?? 0) === 0) failedStages.push(name)
  }
  stage('npm run check', run('node', ['scripts/check.ts']))
  // Before the tests, because those that start the real server need the built client.
  const built = run('vite', ['build', '--logLevel', 'warn'])
  stage('vite build', built)
  const vitest = join(RESULTS, 'vitest.json')
  const vitestSucceeded = run('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitest}`])
  stage('vitest', vitestSucceeded, countVitest(vitest))
  if (built && existsSync(join(ROOT, 'playwright.config.ts'))) {
    const report = join(RESULTS, 'playwright.json')
    const env = { CHROMIUM_PATH: findChromium(), PLAYWRIGHT_JSON_OUTPUT_FILE: report }
    stage('playwright', run('playwright', ['test', '--reporter=list,json'], env), countPlaywright(report))
  }
  finish(total, failedStages)
}

function finish({ passed, failed }: Count, failedStages: readonly string[]): void {
  if (failedStages.length > 0) console.log(`\nfailed stages: ${failedStages.join(', ')}`)
  // A stage that could not run its tests counts as one failure, because 0 failed must mean that everything passed.
  const failures = failed + failedStages.length
  console.log(`${passed} passed, ${failures} failed`)
  process.exitCode = failures === 0 && passed > 0 ? 0 : 1
}

/** @returns whether every program is there now */
function prepare(): boolean {
  const missing = () => NEEDS.filter(({ found }) => found() === undefined)
  const isDebianRoot = existsSync('/etc/debian_version') && process.getuid?.() === 0
  if (missing().length > 0 && isDebianRoot) {
    const packages = missing().map(({ debian }) => debian)
    console.log(`installing ${packages.join(', ')} by apt-get`)
    const env = { DEBIAN_FRONTEND: 'noninteractive' }
    run('apt-get', ['update', '-qq'], env)
    run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], env)
  }
  // Only the tests of the manifests need it. They report that they are skipped if it is missing.
  if (findProgram('kubectl') === undefined && isDebianRoot) fetchKubectl()
  for (const { program, debian, elsewhere } of missing()) {
    console.error(
      `${program} is missing. On Debian and Ubuntu: sudo apt-get install ${debian}. Elsewhere: ${elsewhere}.`,
    )
  }
  return missing().every(({ optional }) => optional)
}

function run(program: string, args: readonly string[], extra: NodeJS.ProcessEnv = {}): boolean {
  const bin = join(ROOT, 'node_modules/.bin')
  const env = { ...process.env, ...extra, PATH: `${bin}${delimiter}${process.env['PATH']}` }
  const { status, error } = spawnSync(program, args, { cwd: ROOT, env, stdio: 'inherit' })
  if (error !== undefined) console.error(`${program} cannot run: ${error.message}`)
  return status === 0
}

function countVitest(path: string): Count | undefined {
  const report = readJson<{ numPassedTests: number; numFailedTests: number }>(path)
  return report && { passed: report.numPassedTests, failed: report.numFailedTests }
}

function countPlaywright(path: string): Count | undefined {
  const report = readJson<{ stats: { expected: number; flaky: number; unexpected: number } }>(path)
  // A flaky test failed once, which counts as a failure here.
  return report && { passed: report.stats.expected, failed: report.stats.unexpected + report.stats.flaky }
}

function readJson<T>(path: string): T | undefined {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : undefined
}

main()
