// The gate guards the tree only if each of its parts fails when it should. Every part runs here, as `npm run check` runs
// it and with its real configuration, on a small tree with one planted violation, and on the same tree without it.
import { spawnSync } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type PartName, runPart } from '../../scripts/check.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const CONFIGURATION = [
  '.dependency-cruiser.mjs',
  '.oxfmtrc.json',
  '.oxlintrc.json',
  '.squawk.toml',
  'client/service-worker/tsconfig.json',
  'client/tsconfig.json',
  'knip.jsonc',
  'package.json',
  'tsconfig.json',
]

type Files = Record<string, string>

/** A small tree without violations: one file in each folder that a planted violation imports. */
const SOUND: Files = {
  'client/index.html': '<script type="module" src="/main.tsx"></script>\n',
  'client/main.tsx': "import { scan } from './screens/scan/scan.ts'\n\nscan()\n",
  'client/screens/scan/scan.ts':
    "import { rows } from '../../device/state/confirmed-rows.ts'\n\nexport function scan(): string {\n  return rows\n}\n",
  'client/device/state/confirmed-rows.ts':
    "import { quantity } from '#shared/values/quantity.ts'\n\nexport const rows = String(quantity.parse(1))\n",
  'client/service-worker/service-worker.ts': 'self.close()\n',
  'server/commands/start.ts': "import { ledger } from '../ledger/ledger.ts'\n\nexport const started = ledger\n",
  'server/ledger/ledger.ts': "import { connect } from '../database/database.ts'\n\nexport const ledger = connect\n",
  'server/database/database.ts': "import postgres from 'postgres'\n\nexport const connect = postgres\n",
  'shared/values/quantity.ts': "import { z } from 'zod'\n\nexport const quantity = z.number()\n",
  'scripts/hello.ts': "console.log('hello')\n",
  'sql/0001_shelf.sql': 'create table shelf (id uuid primary key);\n',
}

describe('the gate', () => {
  const folders: string[] = []

  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
  })

  function plant(files: Files): string {
    const folder = mkdtempSync(join(tmpdir(), 'stockhand-gate-'))
    folders.push(folder)
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    for (const path of CONFIGURATION) cpSync(join(ROOT, path), join(folder, path))
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    return folder
  }

  const runOn = (part: PartName, files: Files) => runPart(part, plant(files))

  it.each<PartName>(['types', 'lint', 'format', 'boundaries', 'migrations'])(
    'lets a sound tree pass: %s',
    async (part) => {
      expect(await runOn(part, SOUND)).toMatchObject({ passed: true })
    },
  )

  it.each([
    ['lint', '.oxlintrc.json'],
    ['format', '.oxfmtrc.json'],
    ['boundaries', '.dependency-cruiser.mjs'],
  ] as const)('fails a part that finds nothing to look at: %s', async (part, own) => {
    const folder = plant({})
    for (const path of CONFIGURATION) if (path !== own) rmSync(join(folder, path))
    if (part === 'format') writeFileSync(join(folder, own), '{ "ignorePatterns": ["**"] }')
    expect(await runPart(part, folder)).toMatchObject({ passed: false })
  })

  it.each([
    ['server/planted.ts', 'export const count: number = "three"\n', 'TS2322'],
    ['client/planted.tsx', 'export const Planted = () => <p title={3} />\n', 'TS2322'],
    ['client/service-worker/planted.ts', 'export const title = document.title\n', 'TS2584'],
    ['server/planted.ts', 'export const first: string = ["a"][0]\n', 'TS2322'],
    ['server/planted.ts', 'export enum Level { Low, High }\n', 'TS1294'],
  ])('types: %s with %j', async (path, text, code) => {
    const { passed, output } = await runOn('types', { ...SOUND, [path]: text })
    expect(passed).toBe(false)
    expect(output).toMatch(new RegExp(`${path.split('/').pop()}\\(\\d+,\\d+\\): error ${code}`))
  })

  it('lint', async () => {
    const plants: Files = {
      'typescript(no-floating-promises)': 'export function save() {\n  Promise.resolve(1)\n}\n',
      'typescript(no-misused-promises)': 'export const late = [1].filter(async () => Promise.resolve(true))\n',
      'typescript(switch-exhaustiveness-check)':
        "export function level(kind: 'low' | 'high'): void {\n  switch (kind) {\n    case 'low':\n      return\n  }\n}\n",
      'typescript(no-explicit-any)': 'export const anything: any = 1\n',
      'typescript(consistent-type-imports)':
        "import { Buffer } from 'node:buffer'\n\nexport const size = (bytes: Buffer) => bytes.length\n",
      'eslint(max-lines)': 'export const n = 1\n'.padEnd(420, '\n'),
      'eslint(max-lines-per-function)': `export function long() {\n${'  Math.random()\n'.repeat(71)}}\n`,
      'eslint(max-params)':
        'export const sum = (a: number, b: number, c: number, d: number, e: number) => a + b + c + d + e\n',
      'eslint(no-console)': "console.log('left behind')\n",
      'import(no-default-export)': 'export default 1\n',
      'oxc(no-barrel-file)': "export * from './ledger/ledger.ts'\n",
      'unicorn(filename-case)': 'export const named = 1\n',
    }
    const files: Files = { ...SOUND }
    const pathOf = (rule: string) =>
      rule.includes('filename') ? 'server/NotKebab.ts' : `server/${rule.replace(/\W+/g, '-')}planted.ts`
    for (const [rule, text] of Object.entries(plants)) files[pathOf(rule)] = text
    const { passed, output } = await runOn('lint', files)
    expect(passed).toBe(false)
    // In CI the linter draws its marks and colours them, whatever it is asked.
    const found = stripVTControlCharacters(output)
      .split('\n\n')
      .flatMap((block) => {
        const rule = /^\s*[x×] ([\w()-]+):/m.exec(block)?.[1]
        const path = /(server\/[\w.-]+\.ts)/.exec(block)?.[1]
        return rule === undefined ? [] : [`${rule} in ${path}`]
      })
    expect([...new Set(found)].sort(), output).toEqual(
      Object.keys(plants)
        .map((rule) => `${rule} in ${pathOf(rule)}`)
        .sort(),
    )
  })

  it('lint: tests may be long', async () => {
    const text = `export function long() {\n${'  Math.random()\n'.repeat(500)}}\n`
    expect(await runOn('lint', { ...SOUND, 'server/long.test.ts': text })).toMatchObject({ passed: true })
  })

  it('format', async () => {
    const { passed, output } = await runOn('format', { ...SOUND, 'server/planted.ts': 'export const a = "b";\n' })
    expect(passed).toBe(false)
    expect(output).toContain('server/planted.ts')
  })

  it('boundaries: each rule sees its violation', async () => {
    // rule → [the file that breaks it, what it imports, a file to make there]
    const plants: Record<string, [from: string, what: string, target?: string]> = {
      '1-shared-imports-zod-only': ['shared/values/planted-a.ts', "'pino'"],
      '1-shared-mutations-imports-downwards': [
        'shared/mutations/planted-b.ts',
        "'../protocol/wire.ts'",
        'shared/protocol/wire.ts',
      ],
      '1-shared-working-set-imports-downwards': [
        'shared/working-set/planted-c.ts',
        "'../mutations/verb.ts'",
        'shared/mutations/verb.ts',
      ],
      '1-shared-rows-imports-downwards': [
        'shared/rows/planted-d.ts',
        "'../working-set/working-set.ts'",
        'shared/working-set/working-set.ts',
      ],
      '1-shared-values-imports-downwards': ['shared/values/planted-e.ts', "'../rows/rows.ts'", 'shared/rows/rows.ts'],
      '2-client-imports-one-server-type': ['client/app/planted-f.ts', "'../../server/ledger/ledger.ts'"],
      '2-client-runs-no-server-code': [
        'client/app/planted-g.ts',
        "'../../server/api/app-router.ts'",
        'server/api/app-router.ts',
      ],
      '2-client-runs-in-a-browser': ['client/app/planted-h.ts', "'node:fs'"],
      '2-server-without-client': ['server/http/planted-i.ts', "'../../client/device/state/confirmed-rows.ts'"],
      '3-screens-imports': ['client/screens/stock/planted-j.ts', "'../../app/shell.ts'", 'client/app/shell.ts'],
      '3-components-imports': ['client/components/planted-ca.ts', "'../screens/scan/scan.ts'"],
      '3-context-imports': ['client/context/planted-cb.ts', "'../components/list.ts'", 'client/components/list.ts'],
      '3-domain-imports': ['client/domain/planted-cc.ts', "'../context/models.ts'", 'client/context/models.ts'],
      '3-sync-imports': ['client/sync/planted-k.ts', "'../app/shell.ts'"],
      '3-service-worker-imports': ['client/service-worker/planted-cd.ts', "'../app/shell.ts'"],
      '3-ui-imports': ['client/ui/planted-l.ts', "'../device/state/confirmed-rows.ts'"],
      '3-api-imports': ['client/api/planted-ce.ts', "'../device/state/confirmed-rows.ts'"],
      '3-session-imports': ['client/session/planted-cf.ts', "'../device/state/confirmed-rows.ts'"],
      '3-scanner-imports': ['client/scanner/planted-cg.ts', "'../device/state/confirmed-rows.ts'"],
      '3-device-imports': ['client/device/planted-ch.ts', "'../app/shell.ts'"],
      '3-strings-imports': ['client/strings/planted-ci.ts', "'../app/shell.ts'"],
      '3-screens-are-separate': ['client/screens/stock/planted-cj.ts', "'../scan/scan.ts'"],
      '3-domain-without-preact': ['client/domain/planted-ck.ts', "'preact'"],
      '3-ui-without-business': ['client/ui/planted-cl.ts', "'#shared/values/quantity.ts'"],
      '3-dexie-in-device-only': ['client/sync/planted-m.ts', "'dexie'"],
      '3-trpc-client-in-three-folders': ['client/screens/scan/planted-n.ts', "'@trpc/client'"],
      '4-api-delegates': ['server/api/planted-o.ts', "'../database/database.ts'"],
      '4-modules-import-downwards': ['server/ledger/planted-p.ts', "'../api/app-router.ts'"],
      '4-database-without-domain': ['server/database/planted-q.ts', "'../ledger/ledger.ts'"],
      '4-modules-are-separate': ['server/alerts/planted-r.ts', "'../reports/report.ts'", 'server/reports/report.ts'],
      '4-ledger-has-few-callers': ['server/reports/planted-s.ts', "'../ledger/ledger.ts'"],
      '4-main-is-for-commands': ['server/http/planted-t.ts', "'../main.ts'", 'server/main.ts'],
      '4-commands-are-programs': ['server/http/planted-cm.ts', "'../commands/start.ts'"],
      '4-events-are-plain': ['server/events/planted-cn.ts', "'../ledger/ledger.ts'"],
      '4-metrics-are-passed-in': ['server/ledger/planted-5.ts', "'../metrics/metrics.ts'", 'server/metrics/metrics.ts'],
      '5-ioredis-in-bus-only': ['server/feed/planted-u.ts', "'ioredis'"],
      '5-ws-in-feed-only': ['server/http/planted-v.ts', "'ws'"],
      '5-postgres-in-database-only': ['server/ledger/planted-w.ts', "'postgres'"],
      '5-prom-client-in-metrics-only': ['server/http/planted-6.ts', "'prom-client'"],
      '6-no-barrels': ['client/app/planted-x.ts', "'../ui/index.ts'", 'client/ui/index.ts'],
      '6-shared-by-its-alias': ['server/http/planted-y.ts', "'../../shared/values/quantity.ts'"],
      '6-one-alias': ['server/http/planted-z.ts', "'#server/ledger/ledger.ts'"],
      'no-circles': ['server/http/planted-1.ts', "'./planted-9.ts'"],
      'no-dev-packages-at-run-time': ['server/http/planted-2.ts', "'fake-indexeddb'"],
      'no-unresolved': ['server/http/planted-3.ts', "'./nowhere.ts'"],
    }
    const files: Files = {
      ...SOUND,
      'server/http/planted-9.ts': "import './planted-1.ts'\n",
      'client/api/allowed.ts':
        "import type { AppRouter } from '../../server/api/app-router.ts'\n\nexport type A = AppRouter\n",
      'server/api/allowed.ts':
        "import type { connect } from '../database/database.ts'\n\nexport type A = typeof connect\n",
      'server/accounts/allowed.ts': "import '../ledger/ledger.ts'\n",
    }
    for (const [, , target] of Object.values(plants))
      if (target !== undefined) files[target] = 'export const there = 1\n'
    for (const [from, what] of Object.values(plants)) files[from] = `import ${what}\n`
    const folder = plant(files)
    const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { imports: object }
    description.imports = { ...description.imports, '#server/*': './server/*' }
    writeFileSync(join(folder, 'package.json'), JSON.stringify(description))

    const { passed, output } = await runPart('boundaries', folder)
    expect(passed).toBe(false)
    const found = [...output.matchAll(/^\s*error ([\w-]+): (\S+?):? (?:→|\n)/gm)].map(
      ([, rule, from]) => `${rule}: ${from}`,
    )
    const broken = Object.entries(plants).map(([rule, [from]]) => `${rule}: ${from}`)
    expect(broken.filter((violation) => !found.includes(violation))).toEqual([])
    expect(found.filter((violation) => violation.includes('allowed'))).toEqual([])
    const { default: configuration } = (await import(join(ROOT, '.dependency-cruiser.mjs'))) as {
      default: { forbidden: { name: string }[] }
    }
    expect(Object.keys(plants).sort()).toEqual(configuration.forbidden.map(({ name }) => name).sort())
  })

  it.each([
    ['a chunk above its budget', { ready: 50, other: 100, chunks: {} }, /^over +[\d.]+ of 50 KB ready$/m],
    ['a budget of a chunk that does not exist', { ready: 200, other: 100, chunks: { 'gone.ts': 9 } }, /gone\.ts/],
  ])('size: %s', async (_, budgets, problem) => {
    const own = { ...SOUND, 'scripts/bundle-budgets.json': JSON.stringify(budgets) }
    const { passed, output } = await runOn('size', own)
    expect(output).toMatch(problem)
    expect(passed).toBe(false)
  })

  it('unused', async () => {
    // Packages that the small tree does not use are always reported.
    const own = { 'vite.config.ts': readFileSync(join(ROOT, 'vite.config.ts'), 'utf8') }
    const sound = await runOn('unused', { ...SOUND, ...own })
    expect(sound.output).not.toMatch(/Unused files|Unused exports|Unlisted/)
    const { passed, output } = await runOn('unused', {
      ...SOUND,
      ...own,
      'server/forgotten.ts': 'export const forgotten = 1\n',
      'server/ledger/ledger.ts': `${SOUND['server/ledger/ledger.ts']}export const spare = 1\n`,
      'server/database/database.ts': `import 'left-pad'\n${SOUND['server/database/database.ts']}`,
    })
    expect(passed).toBe(false)
    expect(output).toMatch(/^Unused files \(1\)\nserver\/forgotten\.ts/m)
    expect(output).toMatch(/^spare\s+server\/ledger\/ledger\.ts/m)
    expect(output).toMatch(/^left-pad\s+server\/database\/database\.ts/m)
  })

  it.each([
    ['create index shelf_name on shelf (name);', 'require-concurrent-index-creation'],
    ['alter table shelf drop column name;', 'ban-drop-column'],
    ['alter table shelf rename column name to title;', 'renaming-column'],
    ['alter table shelf rename to rack;', 'renaming-table'],
    ['drop table shelf;', 'ban-drop-table'],
    ['alter table shelf alter column name type bigint;', 'changing-column-type'],
    ['alter table shelf add column size bigint not null;', 'adding-required-field'],
    ['alter table shelf alter column name set not null;', 'adding-not-nullable-field'],
    ['create table box (made timestamp);', 'prefer-timestamp-tz'],
    ['create tabel box (id uuid);', 'syntax-error'],
  ])('migrations: %s', async (text, rule) => {
    const { passed, output } = await runOn('migrations', { ...SOUND, 'sql/0002_planted.sql': `${text}\n` })
    expect(passed).toBe(false)
    expect(output).toContain('sql/0002_planted.sql')
    expect(output).toContain(rule)
  })

  describe('language', () => {
    const env = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', PATH: process.env['PATH'] }

    function git(folder: string, ...args: string[]): void {
      const identity = ['-c', 'user.name=gate', '-c', 'user.email=gate@example.com']
      const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: folder, env, encoding: 'utf8' })
      if (status !== 0) throw new Error(`git ${args[0]}: ${stderr}`)
    }

    function commit(folder: string, subject: string): void {
      git(folder, 'add', '--all')
      git(folder, 'commit', '--quiet', '--allow-empty', '-m', subject)
    }

    /** A repository whose main has one old line in the language that new lines must not have. */
    function repository(): string {
      const folder = plant({ ...SOUND, 'docs/old.md': 'What waits is told anew.\n' }) // language-ok
      rmSync(join(folder, 'node_modules'))
      git(folder, 'init', '--quiet', '--initial-branch=main')
      commit(folder, 'all: begin')
      git(folder, 'switch', '--quiet', '--create', 'work')
      return folder
    }

    beforeEach(() => {
      vi.stubEnv('CHECK_BASE', '')
    })
    afterEach(() => vi.unstubAllEnvs())

    it('passes without new lines, and says so', async () => {
      const { passed, output } = await runPart('language', repository())
      expect(output).toContain('no earlier commit in this clone, looked at 0 added lines')
      expect(passed).toBe(true)
    })

    it('does not read old lines, moved lines, other files, German and quoted examples', async () => {
      const folder = repository()
      git(folder, 'mv', 'docs/old.md', 'docs/moved.md')
      writeFileSync(join(folder, 'docs/data.json'), '"anew"\n') // language-ok
      mkdirSync(join(folder, 'client/strings/de'), { recursive: true })
      writeFileSync(join(folder, 'client/strings/de/core.ts'), "export const email = 'E-Mail'\n") // language-ok
      writeFileSync(join(folder, 'docs/new.md'), 'Say "again", not "anew". <!-- language-ok -->\nA standing order.\n')
      commit(folder, 'docs: add a page')
      const { passed, output } = await runPart('language', folder)
      expect(output).toContain('looked at 2 added lines and 1 commit subjects')
      expect(passed).toBe(true)
    })

    it.each([
      ['server/planted.ts', '// Reads what waits.\n', 'what waits'], // language-ok
      ['client/planted.tsx', "export const text = 'You are told.'\n", 'are told'], // language-ok
      ['docs/planted.md', 'The rows are loaded anew.\n', 'anew'], // language-ok
      ['sql/0002_planted.sql', '-- Whoever asks gets it.\n', 'Whoever'], // language-ok
      ['client/ui/planted.css', '/* It stands on the left. */\n', 'stands'], // language-ok
    ])('finds a phrase in %s, committed or not', async (path, text, phrase) => {
      const folder = repository()
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
      git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'all: begin to work')
      const before = await runPart('language', folder)
      commit(folder, 'all: add a file')
      for (const { passed, output } of [before, await runPart('language', folder)]) {
        expect(output).toContain(`${path}:1: "${phrase}"`)
        expect(passed).toBe(false)
      }
    })

    it('finds a commit subject of more than 72 characters', async () => {
      const folder = repository()
      commit(folder, `all: ${'a'.repeat(67)}`)
      expect(await runPart('language', folder)).toMatchObject({ passed: true })
      commit(folder, `all: ${'a'.repeat(68)}`)
      const { passed, output } = await runPart('language', folder)
      expect(output).toContain('a subject of 73 characters')
      expect(passed).toBe(false)
    })

    it('on main looks at the last commit, and CHECK_BASE names another one', async () => {
      const folder = repository()
      git(folder, 'switch', '--quiet', 'main')
      writeFileSync(join(folder, 'docs/planted.md'), 'It came in vain.\n') // language-ok
      commit(folder, 'docs: add a page')
      expect(await runPart('language', folder)).toMatchObject({ passed: false })
      vi.stubEnv('CHECK_BASE', 'HEAD')
      expect(await runPart('language', folder)).toMatchObject({ passed: true })
      vi.stubEnv('CHECK_BASE', 'nowhere')
      expect(await runPart('language', folder)).toMatchObject({ passed: false })
    })
  })
})
