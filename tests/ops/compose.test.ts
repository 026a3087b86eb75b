// docker-compose.yml and the script that generates its secrets, as far as they can be checked without an engine. `npm
// run test:ops` shows that an engine runs them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { VARIABLE_NAMES } from '../../server/process/config.ts'
import { STOP_TIMEOUT_MS } from '../../server/process/stop-timeout.ts'

interface Service {
  image: string
  user?: string
  command?: string[]
  environment?: Record<string, string>
  read_only?: boolean
  cap_drop?: string[]
  security_opt?: string[]
  mem_limit?: string
  ports?: string[]
  volumes?: string[]
  restart?: string
  stop_grace_period?: string
  healthcheck?: unknown
  depends_on?: Record<string, { condition: string }>
}

const ROOT = resolve(import.meta.dirname, '../..')
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8')
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, null> }
const services = Object.entries(compose.services)
const isOurs = ({ image }: Service) => image.includes('STOCKHAND_IMAGE')

describe('the Compose file', () => {
  it('has every required service', () => {
    expect(Object.keys(compose.services).toSorted()).toEqual(
      ['alertmanager', 'app', 'backup', 'grafana', 'migrate', 'postgres', 'prometheus', 'redis', 'worker'].toSorted(),
    )
  })

  it.each(services)(
    '%s has no privileges, a read-only file system, limits and a pinned version, and is open only to this machine',
    (_, service) => {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        mem_limit: expect.stringMatching(/\d[mg]\b/),
      })
      expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-\w+)?\}?$/)
      for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/)
      for (const volume of service.volumes ?? []) {
        const [source = ''] = volume.split(':')
        if (source.startsWith('.')) expect(existsSync(join(ROOT, source)), volume).toBe(true)
        else expect(Object.keys(compose.volumes), volume).toContain(source)
      }
      // Our own image has both built in.
      if (!isOurs(service)) expect(service.healthcheck).toBeDefined()
      if (!isOurs(service)) expect(service.user).toMatch(/^[1-9]\d*:\d+$/)
    },
  )

  it('starts nothing before its dependencies are healthy', () => {
    for (const [name, { depends_on: needs = {} }] of services) {
      for (const [other, { condition }] of Object.entries(needs)) {
        expect(compose.services[other], `${name} → ${other}`).toBeDefined()
        expect(condition, `${name} → ${other}`).toBe(
          other === 'migrate' ? 'service_completed_successfully' : 'service_healthy',
        )
      }
    }
    for (const name of ['app', 'worker', 'backup'])
      expect(Object.keys(compose.services[name]!.depends_on!)).toEqual(['migrate', 'postgres', 'redis'])
  })

  it('gives servers more time to stop than they need', () => {
    for (const name of ['app', 'worker', 'backup'])
      expect(Number.parseInt(compose.services[name]!.stop_grace_period!, 10)).toBeGreaterThan(
        STOP_TIMEOUT_MS / 1000 + 5,
      )
  })

  it('sets only variables that the server reads', () => {
    for (const [name, service] of services.filter(([, one]) => isOurs(one)))
      expect(
        Object.keys(service.environment!).filter((one) => !VARIABLE_NAMES.includes(one)),
        name,
      ).toEqual([])
  })

  it('gives the owner’s password only to the services that migrate, back up or run the database', () => {
    const having = services.filter(([, { environment }]) =>
      JSON.stringify(environment ?? {}).includes('POSTGRES_OWNER_PASSWORD'),
    )
    expect(having.map(([name]) => name).toSorted()).toEqual(['backup', 'migrate', 'postgres'])
  })
})

describe('scripts/make-env.sh', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'env-'))
    file = join(folder, '.env')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const make = () => execFileSync('sh', [join(ROOT, 'scripts/make-env.sh'), file], { encoding: 'utf8' })
  const secrets = () =>
    Object.fromEntries(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split('=') as [string, string]),
    )

  it('generates every secret that Compose needs, long, alphanumeric, readable only by its owner, and prints none', () => {
    const output = make()
    const needed = new Set([...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name!))
    expect(Object.keys(secrets()).toSorted()).toEqual([...needed].toSorted())
    for (const value of Object.values(secrets())) {
      expect(value).toMatch(/^[A-Za-z0-9]{40}$/)
      expect(output).not.toContain(value)
    }
    expect(new Set(Object.values(secrets())).size).toBe(needed.size)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('adds missing secrets and keeps existing ones', () => {
    writeFileSync(file, 'JWT_SECRET=mine\nPUBLIC_URL=https://stock.example.com\n')
    make()
    const first = readFileSync(file, 'utf8')
    expect(first).toMatch(/^JWT_SECRET=mine\nPUBLIC_URL=https:\/\/stock\.example\.com\nPOSTGRES_OWNER_PASSWORD=/)
    make()
    expect(readFileSync(file, 'utf8')).toBe(first)
  })

  it('writes files that git ignores', () => {
    for (const path of ['.env', 'k8s/overlays/minikube/secrets.env', 'k8s/overlays/digitalocean/secrets.env'])
      expect(execFileSync('git', ['check-ignore', path], { cwd: ROOT, encoding: 'utf8' }).trim()).toBe(path)
  })
})
