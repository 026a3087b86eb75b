// The GitHub workflows: valid, pinned, with minimal permissions, and consistent with the scripts and files that they
// name. These tests do not show that GitHub's runners, Fly.io and a cluster accept them.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { lacks } from './support/lacks.ts'

interface Step {
  name?: string
  uses?: string
  run?: string
  if?: string
  with?: Record<string, unknown>
}
interface Job {
  'timeout-minutes'?: number
  environment?: { name: string }
  permissions?: Record<string, string>
  uses?: string
  with?: Record<string, unknown>
  secrets?: Record<string, string>
  steps?: Step[]
}
interface Workflow {
  on: Record<string, { inputs?: Record<string, unknown>; secrets?: Record<string, unknown> } | null>
  permissions?: Record<string, string>
  concurrency?: unknown
  jobs: Record<string, Job>
}

const ROOT = resolve(import.meta.dirname, '../..')
const FOLDER = join(ROOT, '.github/workflows')
const PINNED = /uses: [\w./-]+@[0-9a-f]{40} # v?\d+(\.\d+)*$/
/** A permission of GitHub that the linter's schema does not know yet. */
const NEWER_THAN_LINTER = /^ +attestations: write\n/m
const scratch = mkdtempSync(join(tmpdir(), 'workflows-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const names = readdirSync(FOLDER)
const textOf = (name: string) => readFileSync(join(FOLDER, name), 'utf8')
const workflowOf = (name: string) => parse(textOf(name)) as Workflow

function lint(name: string, text: string): { status: number | null; output: string } {
  const path = join(scratch, name)
  writeFileSync(path, text.replace(NEWER_THAN_LINTER, ''))
  const linter = join(ROOT, 'node_modules/.bin/action-validator')
  const { status, stdout, stderr } = spawnSync(linter, [path], { encoding: 'utf8', cwd: ROOT })
  return { status, output: `${stdout}${stderr}` }
}

describe.each(names)('%s', (name) => {
  const text = textOf(name)
  const workflow = workflowOf(name)
  const jobs = Object.entries(workflow.jobs)
  const steps = jobs.flatMap(([, { steps: own = [] }]) => own)

  it('is a valid workflow', () => {
    expect(lint(name, text)).toMatchObject({ status: 0 })
  })

  it('pins every action by its commit, with its version in a comment', () => {
    const uses = text.split('\n').filter((line) => /^\s*(- )?uses: (?!\.\/)/.test(line))
    expect(uses.filter((line) => !PINNED.test(line))).toEqual([])
  })

  it('may read the code, and each job has only the permissions that it lists', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' })
    expect(Object.keys(workflow.on)).not.toContain('pull_request_target')
    for (const [job, { permissions = {} }] of jobs)
      if (Object.values(permissions).includes('write')) expect(['image', 'release'], job).toContain(job)
    for (const { uses, with: given } of steps)
      if (uses?.startsWith('actions/checkout'))
        expect({ 'fetch-depth': 0, ...given }).toEqual({ 'fetch-depth': 0, 'persist-credentials': false })
  })

  it('passes outside values to scripts only as variables', () => {
    expect(steps.filter(({ run = '' }) => run.includes('${{'))).toEqual([])
  })

  it('limits the duration of every job, and runs once at a time', () => {
    for (const [job, { uses, 'timeout-minutes': minutes }] of jobs)
      if (uses === undefined) expect(minutes, job).toBeGreaterThan(0)
    expect(workflow.concurrency).toBeDefined()
  })

  it('runs scripts and files that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const commands = steps.map(({ run = '' }) => run).join('\n')
    const asked = [...commands.matchAll(/npm (?:run )?(?!ci|audit|run)([\w:]+)/g)].map(([, script]) => script!)
    expect(asked.filter((script) => !(script in scripts))).toEqual([])
    const files = [...commands.matchAll(/\b(?:scripts|k8s)\/[\w./-]+\.\w+|\bfly[\w.]*\.toml/g)].map(([path]) => path)
    expect(files.filter((path) => !existsSync(join(ROOT, path)) && !path.endsWith('secrets.env'))).toEqual([])
    for (const [, { uses, with: given = {}, secrets = {} }] of jobs) {
      if (uses === undefined) continue
      const called = workflowOf(uses.split('/').at(-1)!).on['workflow_call']!
      expect(Object.keys(called.inputs ?? {})).toEqual(expect.arrayContaining(Object.keys(given)))
      expect(Object.keys(called.secrets ?? {})).toEqual(Object.keys(secrets))
    }
  })
})

describe('a deployment', () => {
  const deployments = names
    .filter((name) => name.startsWith('deploy-'))
    .map((name) => [name, workflowOf(name)] as const)

  it.each(deployments)(
    '%s waits for approval, pins the image by its digest, and rolls back if it fails',
    (_name, { jobs }) => {
      const { deploy } = jobs
      expect(deploy!.environment?.name).toMatch(/\w/)
      const steps = deploy!.steps!
      const index = (part: string) => steps.findIndex(({ run = '' }) => run.includes(part))
      expect(index('@sha256:')).toBeGreaterThanOrEqual(0)
      const back = steps.findIndex(({ name = '' }) => name.startsWith('Roll back'))
      expect(steps[back]!.if).toContain('failure()')
      expect(back).toBeGreaterThan(index('readyz') + index('rollout status'))
    },
  )

  it('to Kubernetes rolls every server back to the revision noted before the change', () => {
    const steps = workflowOf('deploy-kubernetes.yml').jobs['deploy']!.steps!
    const index = (part: string) => steps.findIndex(({ run = '' }) => run.includes(part))
    expect(index('deployment\\.kubernetes\\.io/revision')).toBeGreaterThanOrEqual(0)
    expect(index('deployment\\.kubernetes\\.io/revision')).toBeLessThan(index('kubectl apply'))
    expect(steps[index('deployment\\.kubernetes\\.io/revision')]!.run).toContain('api worker backup-on-demand')
    const undone = steps.flatMap(({ run = '' }) => run.split('\n')).filter((line) => line.includes('rollout undo'))
    expect(undone.map((line) => line.includes('--to-revision="$revision"'))).toEqual([true])
  })

  it('exists for Fly.io and for Kubernetes', () => {
    expect(deployments.map(([name]) => name)).toEqual(['deploy-fly.yml', 'deploy-kubernetes.yml'])
  })

  it.skipIf(lacks('kubectl'))('to Kubernetes sets the image everywhere and leaves no files behind', () => {
    const image = `ghcr.io/somebody/stockhand@sha256:${'a'.repeat(64)}`
    const copy = join(scratch, 'k8s')
    cpSync(join(ROOT, 'k8s'), copy, { recursive: true, filter: (path) => !path.endsWith('secrets.env') })
    for (const overlay of ['minikube', 'digitalocean']) {
      const folder = join(copy, 'overlays', overlay)
      spawnSync('sh', [join(ROOT, 'scripts/make-env.sh'), join(folder, 'secrets.env')])
      const path = `${process.env['PATH']}:${join(ROOT, '.cache/bin')}`
      const env = { ...process.env, PATH: path }
      const script = join(ROOT, 'scripts/kustomize-image.sh')
      const { stdout, stderr } = spawnSync('sh', [script, folder, image], { encoding: 'utf8', env })
      expect(stderr).toBe('')
      const texts = parseAllDocuments(stdout).map((document) => JSON.stringify(document.toJSON()))
      const ours = texts.flatMap((text) => [...text.matchAll(/"image":"([^"]*stockhand[^"]*)"/g)].map(([, one]) => one))
      expect(ours.length).toBeGreaterThan(3)
      expect(new Set(ours)).toEqual(new Set([image]))
      expect(readdirSync(join(copy, 'overlays')).toSorted()).toEqual(['digitalocean', 'minikube'])
    }
  })
})

it('a release is scanned before it gets a public tag', () => {
  const { steps = [] } = workflowOf('release.yml').jobs['image']!
  const indexOf = (fits: (step: Step) => boolean) => steps.findIndex(fits)
  const build = indexOf(({ uses = '' }) => uses.startsWith('docker/build-push-action'))
  const scan = indexOf((step) => step.uses?.startsWith('aquasecurity/') === true && step.with?.['exit-code'] === '1')
  const tags = indexOf(({ run = '' }) => run.includes('imagetools create'))
  expect(steps[build]!.with).not.toHaveProperty('tags')
  expect(steps[build]!.with).not.toHaveProperty('push')
  expect(steps[build]!.with!['outputs']).toContain('push-by-digest=true')
  expect([build < scan, scan < tags]).toEqual([true, true])
})

describe('the linter', () => {
  it.each([
    ['an unknown key', (text: string) => text.replace('timeout-minutes: 10', 'timeout: 10')],
    ['an unknown event', (text: string) => text.replace('pull_request:', 'pull_requests:')],
  ])('finds %s', (_what, plant) => {
    const text = textOf('ci.yml')
    expect(plant(text)).not.toBe(text)
    expect(lint('planted.yml', plant(text)).status).not.toBe(0)
  })
})

it('every job that runs the operations tests installs Prometheus and PgBouncer', () => {
  const testing = Object.values(workflowOf('ci.yml').jobs)
    .map(({ steps = [] }) => steps.map(({ run = '' }) => run).join('\n'))
    .filter((commands) => /npm (test|run test:ops)$/m.test(commands))
  expect(testing).toHaveLength(2)
  for (const commands of testing) expect(commands).toMatch(/apt-get install .*prometheus pgbouncer/)
})

it('dependabot updates everything that is pinned', () => {
  const { updates } = parse(readFileSync(join(ROOT, '.github/dependabot.yml'), 'utf8')) as {
    updates: { 'package-ecosystem': string; directory?: string; directories?: string[] }[]
  }
  const ecosystems = updates.map((update) => update['package-ecosystem'])
  expect(ecosystems).toEqual(['npm', 'github-actions', 'docker', 'docker-compose'])
  for (const { directory, directories = [directory!] } of updates)
    for (const one of directories) expect(existsSync(join(ROOT, one)), one).toBe(true)
})
