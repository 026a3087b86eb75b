// The gate: types, lint, format, boundaries, unused code, migrations, language. Run by `npm run check`, or a few parts
// by name: `npm run check lint format`. Guarantees: every part runs even if one before it fails, and a part that did not
// look at anything has failed. tests/gate proves each of them with a planted violation.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

type Part = {
  commands: string[][]
  /** What the output says when the part really looked at something. */
  proof?: RegExp
}
type Outcome = { passed: boolean; output: string; seconds: number }

const ROOT = resolve(import.meta.dirname, '..')
const TYPE_PROJECTS = ['.', 'client', 'client/service-worker']
const LOOKED_AT = /looked at \d+ added lines.*/
const CRUISED = ['client', 'server', 'shared', 'scripts', 'functions', 'monitoring', 'tests', 'bench']

/** Runs one part on the tree below a folder. */
export async function runPart(name: PartName, folder: string): Promise<Outcome> {
  const { commands, proof } = parts(folder)[name]
  const start = performance.now()
  let output = ''
  let passed = true
  for (const command of commands) {
    const result = await run(command, folder)
    output += result.output
    passed &&= result.code === 0
  }
  if (passed && proof !== undefined && !proof.test(output)) {
    output += `\n${name} passed without looking at anything: expected ${proof} above\n`
    passed = false
  }
  return { passed, output, seconds: (performance.now() - start) / 1000 }
}

export type PartName = (typeof PART_NAMES)[number]
export const PART_NAMES = ['types', 'lint', 'format', 'boundaries', 'unused', 'migrations', 'language', 'size'] as const

function parts(folder: string): Record<PartName, Part> {
  const present = (paths: string[]) => paths.filter((path) => existsSync(join(folder, path)))
  const sql = existsSync(join(folder, 'sql'))
    ? readdirSync(join(folder, 'sql')).filter((name) => name.endsWith('.sql'))
    : []
  return {
    types: {
      commands: TYPE_PROJECTS.filter((path) => existsSync(join(folder, path, 'tsconfig.json'))).map((path) => [
        'tsc',
        '--pretty',
        'false',
        '-p',
        path,
      ]),
    },
    lint: { commands: [['oxlint']], proof: /on [1-9]\d* files/ },
    format: { commands: [['oxfmt', '--check']], proof: /on [1-9]\d* files/ },
    boundaries: {
      commands: [
        ['depcruise', '--config', '.dependency-cruiser.mjs', '--output-type', 'err-long', ...present(CRUISED)],
      ],
      proof: /\([1-9]\d* modules, [1-9]\d* dependencies cruised\)/,
    },
    unused: { commands: [['knip', '--no-progress', '--no-config-hints']] },
    // checks/ holds queries, not migrations.
    migrations: {
      commands: sql.length === 0 ? [] : [['squawk', '--reporter=gcc', ...sql.map((name) => `sql/${name}`)]],
    },
    // Builds the client and compares its chunks with their budgets.
    size: { commands: [['node', join(ROOT, 'scripts/check-size.ts')]], proof: /looked at [1-9]\d* chunks/ },
    // Without new lines it passes, and says so.
    language: { commands: [['node', join(ROOT, 'scripts/check-language.ts')]], proof: LOOKED_AT },
  }
}

function run([program = '', ...args]: string[], folder: string): Promise<{ code: number | null; output: string }> {
  const bin = join(ROOT, 'node_modules/.bin')
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, NO_COLOR: '1', FORCE_COLOR: '0' }
  return new Promise((done) => {
    let output = ''
    const child = spawn(join(bin, program), args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const take = (chunk: Buffer) => (output += chunk.toString())
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', (error) => done({ code: 1, output: `${program} cannot run: ${error.message}\n` }))
    child.once('close', (code) => done({ code, output }))
  })
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !(PART_NAMES as readonly string[]).includes(name))
  if (unknown.length > 0) {
    console.error(`no part is called ${unknown.join(', ')}: there are ${PART_NAMES.join(', ')}`)
    process.exitCode = 1
    return
  }
  const chosen = PART_NAMES.filter((name) => names.length === 0 || names.includes(name))
  const outcomes = await Promise.all(
    chosen.map(async (name) => {
      const outcome = await runPart(name, ROOT)
      const extent = name === 'language' ? `  ${LOOKED_AT.exec(outcome.output)?.[0] ?? ''}` : ''
      console.log(`${outcome.passed ? 'ok    ' : 'FAILED'} ${name.padEnd(10)} ${outcome.seconds.toFixed(1)} s${extent}`)
      if (!outcome.passed) console.log(outcome.output.trimEnd().replaceAll(/^/gm, '    '))
      return outcome
    }),
  )
  if (outcomes.some(({ passed }) => !passed)) process.exitCode = 1
}

if (import.meta.main) await main(process.argv.slice(2))
