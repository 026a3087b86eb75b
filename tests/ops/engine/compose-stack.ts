// Our Compose file, started as a separate project with separate secrets, and removed with all its data.
import { randomBytes, randomInt } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { docker, type Engine, mustDocker, type CommandResult } from './engine.ts'
import { must } from './programs.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const FILES = ['docker-compose.yml', 'tests/ops/stand-ins/compose.test.yml']
export const REPLICAS = 3

/** Ports that stay the same while containers are replaced, because devices know their server by its address. */
const PORTS_FROM = 21_000
const PORTS_TO = 29_000

export interface ContainerState {
  Config: { User: string }
  HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[] | null; SecurityOpt: string[] | null; Memory: number }
  State: { ExitCode: number; Status: string; Health?: { Status: string } }
}

export class ComposeStack {
  readonly #engine: Pick<Engine, 'env'>
  readonly #folder = mkdtempSync(join(tmpdir(), 'stack-'))
  readonly #project = `stockhand-test-${randomBytes(3).toString('hex')}`

  constructor(engine: Pick<Engine, 'env'>) {
    this.#engine = { env: { ...engine.env, STACK_CONFIG: this.#folder, STACK_PORTS: portRange() } }
    must('sh', [join(ROOT, 'scripts/make-env.sh'), join(this.#folder, '.env')])
    for (const name of ['prometheus', 'alertmanager'])
      cpSync(join(ROOT, 'monitoring', name), join(this.#folder, name), { recursive: true })
    this.#shortenIntervals()
    must('chmod', ['-R', 'a+rX', this.#folder])
  }

  up(): void {
    this.must('up', '--detach', '--wait', '--wait-timeout', '180', '--no-build')
  }

  /** Removes the containers, and their data unless `keepData`. */
  down({ keepData = false }: { keepData?: boolean } = {}): void {
    this.must('down', '--remove-orphans', '--timeout', '30', ...(keepData ? [] : ['--volumes']))
    if (!keepData) rmSync(this.#folder, { recursive: true, force: true })
  }

  run(...args: string[]): CommandResult {
    return docker(this.#engine, 'compose', ...this.#options(), ...args)
  }

  must(...args: string[]): string {
    return mustDocker(this.#engine, 'compose', ...this.#options(), ...args)
  }

  /** The URL of a service from this machine. */
  urlOf(service: string, port: number, index = 1): string {
    return `http://${this.must('port', '--index', String(index), service, String(port))}`
  }

  containers(service: string): string[] {
    return this.must('ps', '--all', '--quiet', service).split('\n')
  }

  inspect(container: string): ContainerState {
    return (JSON.parse(mustDocker(this.#engine, 'inspect', container)) as [ContainerState])[0]
  }

  #options(): string[] {
    const files = FILES.flatMap((file) => ['--file', join(ROOT, file)])
    return ['--project-name', this.#project, '--env-file', join(this.#folder, '.env'), ...files]
  }

  /** The same rules and routes, but without waits of minutes. */
  #shortenIntervals(): void {
    const outside = `\n  - job_name: outside\n    static_configs: [{ targets: ['outside:8080'] }]\n`
    this.#edit('prometheus/prometheus.yml', (text) => {
      const fast = text
        .replaceAll('_interval: 15s', '_interval: 1s')
        .replace('scrape_timeout: 10s', 'scrape_timeout: 1s')
      return fast + outside
    })
    this.#edit('prometheus/rules/stockhand.yml', (text) => text.replaceAll(/ for: \w+/g, ' for: 3s'))
    this.#edit('alertmanager/alertmanager.yml', (text) =>
      text.replace('group_wait: 15s', 'group_wait: 1s').replace('group_interval: 5m', 'group_interval: 2s'),
    )
  }

  #edit(path: string, change: (text: string) => string): void {
    const file = join(this.#folder, path)
    const text = readFileSync(file, 'utf8')
    if (change(text) === text) throw new Error(`${path} has no interval to shorten`)
    writeFileSync(file, change(text))
  }
}

function portRange(): string {
  const first = randomInt(PORTS_FROM, PORTS_TO)
  return `${first}-${first + REPLICAS - 1}`
}
