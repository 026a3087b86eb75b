// The whole stack as docker-compose.yml starts it, with three servers: people work in it, Prometheus scrapes it, alerts
// are sent, and it survives a restart.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Dashboard, Panel } from '@grafana/schema'
import { chromium } from '@playwright/test'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import type { ConnectedDevice } from '../../device/support/connected-device.ts'
import { isSynced, startDevice, until } from '../../device/support/connected-device.ts'
import { call } from '../../support/test-server.ts'
import { ComposeStack, REPLICAS } from './compose-stack.ts'

interface Series {
  metric: Record<string, string>
  value: [number, string]
}
interface Alert {
  status: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

const DASHBOARDS = resolve(import.meta.dirname, '../../../monitoring/grafana/dashboards')
const MANAGER = { email: 'manager@shop.example', password: 'correct horse battery' }
const SERVICES = ['app', 'worker', 'backup', 'postgres', 'redis', 'prometheus', 'alertmanager', 'grafana']
const coffee = { id: randomUUID(), name: 'Café de Colombie', code: '3483981000189' }
const bin = { id: randomUUID(), name: 'Bin A-07', code: 'LOC-A-07' }

let stack: ComposeStack
let servers: string[] = []
const devices: ConnectedDevice[] = []

beforeAll(() => {
  stack = new ComposeStack(inject('engine'))
  stack.up()
  servers = Array.from({ length: REPLICAS }, (_, index) => stack.urlOf('app', 3000, index + 1))
})
afterAll(async () => {
  for (const { stop } of devices) await stop()
  stack.down()
})

const shown = ({ device }: ConnectedDevice) => device.queries.position(coffee.id, bin.id).quantity / 1000

async function signedIn(server: string): Promise<ConnectedDevice> {
  const { body } = await call(server, 'auth.login', MANAGER)
  const { accessToken: token, user } = body.result.data
  const device = await startDevice(server, { token, userId: user.id })
  devices.push(device)
  return device
}

async function record({ device }: ConnectedDevice, name: string, args: object): Promise<void> {
  expect(await device.record(name as 'stock.receive', args as never), name).toMatchObject({ saved: true })
}

describe('the stack', () => {
  it('has every service healthy, read-only, without privileges and with a memory limit', () => {
    for (const service of SERVICES) {
      for (const container of stack.containers(service)) {
        const { State, HostConfig, Config } = stack.inspect(container)
        expect(State.Health?.Status, service).toBe('healthy')
        expect(HostConfig, service).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'] })
        expect(HostConfig.SecurityOpt, service).toContain('no-new-privileges:true')
        expect(HostConfig.Memory, service).toBeGreaterThan(0)
        expect(Config.User, service).toMatch(/^[1-9]\d*/)
      }
    }
    expect(stack.containers('app')).toHaveLength(REPLICAS)
    expect(stack.inspect(stack.containers('migrate')[0]!).State).toMatchObject({ Status: 'exited', ExitCode: 0 })
  })

  it('gives the application no ownership of tables', () => {
    const sql = `select (select count(*) from pg_tables where tableowner = 'stockhand'),
      (select rolsuper or rolcreatedb or rolcreaterole or rolbypassrls from pg_roles where rolname = 'stockhand')`
    const psql = ['exec', '-T', 'postgres', 'psql', '-At', '-U', 'stockhand_owner', '-d', 'stockhand', '-c', sql]
    expect(stack.must(...psql)).toBe('0|f')
  })

  it('shows the same setup token at every server, and accepts it at any', async () => {
    const tokens = stack.must('logs', '--no-log-prefix', 'app').matchAll(/setup\?token=(\S+)/g)
    const [token, ...others] = [...tokens].map((match) => match[1])
    expect(others).toEqual(Array.from({ length: REPLICAS - 1 }, () => token))
    const setup = { token, organisation: 'Corner Shop', name: 'The manager', ...MANAGER }
    expect((await call(servers[1]!, 'auth.setup', { ...setup, token: 'wrong' })).status).toBe(401)
    expect((await call(servers[2]!, 'auth.setup', setup)).status).toBe(200)
  })

  it('shows a change of one device at once on another device at another server', async () => {
    const [here, there] = [await signedIn(servers[0]!), await signedIn(servers[1]!)]
    const site = randomUUID()
    await record(here, 'location.create', { id: site, name: 'Back room' })
    await record(here, 'location.create', { id: bin.id, name: bin.name, parentId: site, barcode: bin.code })
    await record(here, 'item.create', { id: coffee.id, name: coffee.name, low: 10, barcodes: [{ code: coffee.code }] })
    await record(here, 'stock.receive', { itemId: coffee.id, locationId: bin.id, quantity: 50 })
    await until(() => isSynced(here) && shown(there) === 50, 'the other device shows 50', [here])
    const begun = performance.now()
    await record(here, 'stock.withdraw', { itemId: coffee.id, locationId: bin.id, quantity: 1 })
    await until(() => shown(there) === 49, 'the other device shows 49')
    // Without Redis between the servers it would take 20 seconds.
    expect(performance.now() - begun).toBeLessThan(3_000)
  })

  it('serves the app to a browser, in which a person signs in and scans', async () => {
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    })
    try {
      const page = await browser.newPage({ viewport: { width: 360, height: 640 }, locale: 'en-GB' })
      await page.goto(servers[2]!.replace('127.0.0.1', 'localhost'))
      await page.getByLabel('Email').fill(MANAGER.email)
      await page.getByLabel('Password', { exact: true }).fill(MANAGER.password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('status').filter({ hasText: 'Online' }).waitFor()
      await page.getByRole('radio', { name: 'Withdraw', exact: true }).check({ force: true })
      for (const { code, name } of [bin, coffee]) {
        await page.evaluate(pullTrigger, [...code, 'Enter'])
        await page.getByText(name).first().waitFor()
      }
      await until(() => shown(devices[0]!) === 48, 'the device at the other server shows 48')
    } finally {
      await browser.close()
    }
  })

  it('checks its ledger from a separate container', () => {
    expect(stack.must('run', '--rm', '-T', 'app', 'verify')).toMatch(/Corner Shop: .*everything fits\./)
  })
})

describe('the operations of the stack', () => {
  let prometheus = ''
  beforeAll(() => {
    prometheus = stack.urlOf('prometheus', 9090)
  })

  async function ask(query: string): Promise<Series[]> {
    const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`)
    const answer = (await response.json()) as { error?: string; data: { result: Series[] } }
    expect(answer.error, query).toBeUndefined()
    return answer.data.result
  }

  it('Prometheus reaches all servers, the worker and the backup service', async () => {
    await vi.waitFor(async () => {
      const up = await ask('count by (role) (up{job="stockhand"} == 1)')
      const counts = Object.fromEntries(up.map(({ metric, value }) => [metric['role'], value[1]]))
      expect(counts).toEqual({ api: String(REPLICAS), worker: '1', backup: '1' })
    }, 30_000)
  })

  it('every panel of every dashboard has data', { timeout: 300_000 }, async () => {
    const ended = new AbortController()
    const busy = keepBusy(ended.signal)
    try {
      for (const file of readdirSync(DASHBOARDS)) {
        const { panels } = JSON.parse(readFileSync(join(DASHBOARDS, file), 'utf8')) as Dashboard
        const queries = (panels as Panel[]).flatMap(({ title, targets = [] }) =>
          targets.map((target) => ({ title, query: String(target['expr']) })),
        )
        expect(queries.length).toBeGreaterThan(5)
        for (const { title, query } of queries) {
          const asked = query.replaceAll('$__rate_interval', '15s')
          const hasData = async () => {
            const numbers = (await ask(asked)).filter(({ value }) => value[1] !== 'NaN')
            expect(numbers.length, `${file}: ${title}: ${asked}`).toBeGreaterThan(0)
          }
          await vi.waitFor(hasData, { timeout: 40_000, interval: 500 }).catch((error: Error) => {
            // The worker reads the metrics of the whole installation. If it cannot, its log says why.
            throw new Error(`${error.message}\n${stack.must('logs', '--no-log-prefix', '--tail', '20', 'worker')}`)
          })
        }
      }
    } finally {
      ended.abort()
      await busy
    }
  })

  it('an alert is sent when Redis is down, and again when it is back', { timeout: 180_000 }, async () => {
    stack.must('stop', 'redis')
    await vi.waitFor(() => expect(sentAlerts().map(({ status }) => status)).toContain('firing'), 60_000)
    expect(sentAlerts()[0]).toMatchObject({
      labels: { severity: 'warning', job: 'stockhand' },
      annotations: {
        summary: expect.stringMatching(/^[\d.]+:9464 cannot reach Redis$/),
        description: expect.stringContaining('Nothing is lost'),
        runbook_url: 'docs/runbooks/bus-down.md',
      },
    })
    stack.must('start', 'redis')
    await vi.waitFor(() => expect(sentAlerts().map(({ status }) => status)).toContain('resolved'), 60_000)
  })

  it('Alertmanager and Grafana have their configuration', async () => {
    stack.must('exec', '-T', 'alertmanager', 'amtool', 'check-config', '/tmp/alertmanager.yml')
    const health = await fetch(`${stack.urlOf('grafana', 3000)}/api/health`)
    expect(await health.json()).toMatchObject({ database: 'ok' })
  })

  it('a restore brings back the backup, and the devices send everything after it', { timeout: 300_000 }, async () => {
    const [device] = devices
    await until(() => isSynced(device!), 'no mutation is pending', devices)
    const made = stack.must('run', '--rm', '-T', 'backup', 'backup')
    expect(made).toMatch(/^stockhand-\S+ in \/backups: .* rows read back$/m)
    await record(device!, 'stock.receive', { itemId: coffee.id, locationId: bin.id, quantity: 7 })
    await until(() => isSynced(device!), 'the seven are sent', devices)
    const everything = shown(device!)

    stack.must('stop', 'app', 'worker', 'backup')
    const renameOld = 'alter database stockhand rename to stockhand_before'
    stack.must('exec', '-T', 'postgres', 'psql', '-U', 'stockhand_owner', '-d', 'postgres', '-c', renameOld)
    const createNew = ['createdb', '-U', 'stockhand_owner', '--maintenance-db=postgres', 'stockhand']
    stack.must('exec', '-T', 'postgres', ...createNew)
    const restored = stack.must('run', '--rm', '-T', '--no-deps', 'backup', 'restore', 'latest')
    expect(restored).toMatch(/Corner Shop: \d+ movements, .*everything fits/)
    stack.up()

    const another = await signedIn(stack.urlOf('app', 3000, 2))
    await until(() => shown(another) === everything, `another device shows ${everything} again`, devices)
    expect(stack.must('run', '--rm', '-T', 'app', 'verify')).toMatch(/Corner Shop: .*everything fits\./)
  })

  it('the stack stops cleanly and has all data when it is back', async () => {
    await until(() => devices.every(isSynced) && new Set(devices.map(shown)).size === 1, 'all agree', devices)
    const before = shown(devices[0]!)
    const begun = performance.now()
    stack.must('stop', 'app', 'worker')
    expect(performance.now() - begun).toBeLessThan(45_000)
    for (const container of [...stack.containers('app'), ...stack.containers('worker')])
      expect(stack.inspect(container).State.ExitCode).toBe(0)
    stack.down({ keepData: true })
    stack.up()
    const again = await signedIn(stack.urlOf('app', 3000, 1))
    await until(() => shown(again) === before, `a new device shows ${before}`, [again])
  })
})

/** The alerts about Redis that were posted to the webhook. */
function sentAlerts(): Alert[] {
  return stack
    .must('logs', '--no-log-prefix', 'outside')
    .split('\n')
    .filter((line) => line.includes('{')) // Compose puts terminal codes before a line
    .flatMap((line) => (JSON.parse(line.slice(line.indexOf('{'))) as { alerts: Alert[] }).alerts)
    .filter(({ labels }) => labels['alertname'] === 'StockhandBusDown')
}

/** Requests of all kinds, including refused ones, until the signal aborts. */
async function keepBusy(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await record(devices[0]!, 'stock.receive', { itemId: coffee.id, locationId: bin.id, quantity: 1 })
    for (const server of servers) await call(server, 'auth.me', undefined, { get: true })
    await sleep(300)
  }
}

/**
 * Runs in the page: sends all keys of a code at once, as a scanner does, with one time even if this machine is slow.
 */
function pullTrigger(keys: readonly string[]): void {
  const at = performance.now()
  for (const key of keys) {
    const target = document.activeElement ?? document.body
    for (const type of ['keydown', 'keyup']) {
      const event = new KeyboardEvent(type, { key, bubbles: true, cancelable: true })
      Object.defineProperty(event, 'timeStamp', { value: at })
      target.dispatchEvent(event)
    }
  }
}
