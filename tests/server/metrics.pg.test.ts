// What a real server returns to a real scrape.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatStamp } from '#shared/values/stamp.ts'
import { Jobs } from '../../server/jobs/jobs.ts'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { namesIn, scrape, valueOf } from '../support/scrape.ts'
import type { TestServer } from '../support/test-server.ts'
import { call, listen, signIn, startTestServer } from '../support/test-server.ts'

const parts = useLedger()
const CERTIFICATE_DAYS = 1_000
const DAY_S = 86_400
let server: TestServer
let token: string
let operations: string
const ends: (() => unknown)[] = []

beforeAll(async () => {
  await Jobs.prepare(parts.urls.ownerUrl)
  const port = await freePort()
  operations = `http://127.0.0.1:${port}`
  const env = {
    ROLES: 'api,worker',
    METRICS_PORT: String(port),
    PUBLIC_URL: await serveCertificate(),
    DATA_DIR: tmpdir(),
    DATABASE_REPLICA_URL: parts.urls.url,
  }
  server = await startTestServer(parts.urls.url, { env })
  token = await signIn(server.url, `manager@${parts.domain}`, PASSWORD)
})
afterAll(async () => {
  await server.stop()
  for (const end of ends) await end()
})

/** Serves a certificate at a port of this machine, as a load balancer does. */
async function serveCertificate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'stockhand-certificate-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=stock.example.com'
  const files = ['-days', String(CERTIFICATE_DAYS), '-keyout', keyFile, '-out', certFile]
  execFileSync('openssl', [...request.split(' '), ...files], { stdio: 'ignore' })
  const tls = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }).listen(0, '127.0.0.1')
  await once(tls, 'listening')
  ends.push(() => tls.close())
  rmSync(folder, { recursive: true })
  return `https://127.0.0.1:${(tls.address() as AddressInfo).port}`
}

test('a scrape has exactly the metrics of docs/metrics.md', async () => {
  const documented = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8')
  const names = [...documented.matchAll(/^\| `(stockhand_\w+)/gm)].map(([, name]) => name!).sort()
  const scraped = namesIn(await scrape(operations))
  expect(names.length).toBeGreaterThan(20)
  expect(scraped.filter((name) => name.startsWith('stockhand_'))).toEqual(names)
  expect(scraped).toContain('nodejs_eventloop_lag_seconds')
})

test('a push, a pull and a socket are counted once, by outcome', async () => {
  const room = await stockRoom(new TestDevice(parts, parts.manager))
  const socket = listen(server.url, token, { cursor: null })
  await socket.until(() => socket.messages.length > 0)
  const before = await scrape(operations)
  const device = new TestDevice(parts, parts.manager)
  const receive = { itemId: room.itemId, locationId: room.binA, quantity: 5 }
  const hourAgo = formatStamp({ ms: Date.now() - 3_600_000, counter: 0, device: device.clientId.slice(0, 8) })
  const mutations = [
    device.mutation('stock.receive', receive, { at: hourAgo }),
    device.mutation('stock.receive', { ...receive, itemId: 'none' }),
    device.mutation('evil{"verb="} 1\n', {}),
  ]
  const push = { clientId: device.clientId, epoch: 1, deviceNow: Date.now(), mutations }
  expect((await call(server.url, 'sync.push', push, { token })).status).toBe(200)
  expect((await call(server.url, 'sync.push', { ...push, epoch: 9 }, { token })).status).toBe(409)
  expect((await call(server.url, 'sync.push', push, { token: 'nobody' })).status).toBe(401)
  expect((await call(server.url, 'sync.push', undefined, { token, raw: '{' })).status).toBe(400)
  expect((await call(server.url, 'sync.push', undefined, { raw: `"${'x'.repeat(1_100_000)}"` })).status).toBe(413)
  expect((await call(server.url, 'sync.pull', { cursor: null }, { token, get: true })).status).toBe(200)
  expect((await call(server.url, randomUUID(), {}, { token })).status).toBe(404)
  await socket.until(() => socket.messages.some(({ tables }) => tables?.positions))
  await expect.poll(async () => grown(before, 'stockhand_propagation_seconds_count')).toBeGreaterThan(0)
  const grownBy = Object.fromEntries(
    await Promise.all(
      [
        'stockhand_pushes_total{outcome="taken"}',
        'stockhand_pushes_total{outcome="epoch_changed"}',
        'stockhand_pushes_total{outcome="unauthenticated"}',
        'stockhand_pushes_total{outcome="malformed"}',
        'stockhand_pushes_total{outcome="too_large"}',
        'stockhand_mutations_total{verb="stock.receive",outcome="applied"}',
        'stockhand_mutations_total{verb="stock.receive",outcome="refused"}',
        'stockhand_mutations_total{verb="unknown",outcome="refused"}',
        'stockhand_push_batch_mutations_sum',
        'stockhand_outbox_age_seconds_bucket{le="600"}',
        'stockhand_outbox_age_seconds_bucket{le="21600"}',
        'stockhand_commit_duration_seconds_count',
        'stockhand_pull_rows_count',
        'stockhand_http_request_duration_seconds_count{method="POST",route="sync.push",status="200"}',
        'stockhand_http_request_duration_seconds_count{method="POST",route="sync.push",status="409"}',
        'stockhand_http_request_duration_seconds_count{method="POST",route="unknown",status="404"}',
      ].map(async (series) => [series, await grown(before, series)] as const),
    ),
  )
  expect(Object.values(grownBy), JSON.stringify(grownBy, null, 2)).toEqual([
    1, 1, 1, 1, 1, 1, 1, 1, 3, 0, 1, 2, 1, 1, 1, 1,
  ])
  const after = await scrape(operations)
  expect(valueOf(after, 'stockhand_websocket_connections')).toBe(1)
  expect(after).not.toContain('evil')
  await socket.close()
  await expect.poll(async () => valueOf(await scrape(operations), 'stockhand_websocket_connections')).toBe(0)
})

async function grown(before: string, series: string): Promise<number> {
  return (valueOf(await scrape(operations), series) ?? 0) - (valueOf(before, series) ?? 0)
}

test('a worker reads the metrics of the whole installation, and not with every scrape', async () => {
  const port = await freePort()
  const env = { ROLES: 'worker', METRICS_PORT: String(port), DATABASE_REPLICA_URL: parts.urls.url }
  const room = await stockRoom(new TestDevice(parts, parts.manager), { low: 5, name: 'Below' })
  await stockRoom(new TestDevice(parts, parts.manager), { low: 0, name: 'Enough' })
  const device = new TestDevice(parts, parts.manager)
  await device.do('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity: 4 })
  const worker = await startTestServer(parts.urls.url, { env })
  const origin = `http://127.0.0.1:${port}`
  const text = await scrape(origin)
  const items = valueOf(text, 'stockhand_items')!
  expect(items).toBeGreaterThanOrEqual(2)
  expect(valueOf(text, 'stockhand_items_below_level')).toBe(1)
  expect(valueOf(text, 'stockhand_alerts_open{kind="low_stock"}')).toBe(1)
  expect(valueOf(text, 'stockhand_alerts_open{kind="high_stock"}')).toBe(0)
  expect(valueOf(text, 'stockhand_devices_seen{within="5m"}')).toBeGreaterThanOrEqual(3)
  expect(valueOf(text, 'stockhand_queue_jobs{queue="ledger-check",state="failed"}')).toBe(0)
  expect(valueOf(text, 'stockhand_queue_oldest_job_age_seconds{queue="ledger-check"}')).toBe(0)
  expect(valueOf(text, 'stockhand_replica_lag_seconds')).toBe(0)
  expect(valueOf(text, 'stockhand_ledger_check_findings')).toBe(0)
  const checked = valueOf(text, 'stockhand_ledger_check_last_success_timestamp_seconds')!
  expect(Math.abs(Date.now() / 1000 - checked)).toBeLessThan(600)
  expect(valueOf(text, 'stockhand_disk_free_bytes{volume="data"}')).toBeUndefined() // this process does not need that folder
  expect(valueOf(text, 'stockhand_backup_last_success_timestamp_seconds')).toBeUndefined() // absent, not 1970
  await stockRoom(new TestDevice(parts, parts.manager), { name: 'New' })
  expect(valueOf(await scrape(origin), 'stockhand_items')).toBe(items)
  // The worker does not serve anything else.
  await expect(fetch(`${worker.url}/healthz`)).rejects.toThrow()
  expect((await fetch(`${origin}/healthz`)).status).toBe(200)
  expect((await fetch(`${origin}/readyz`)).status).toBe(200)
  expect((await fetch(`${origin}/trpc/auth.me`)).status).toBe(404)
  await worker.stop()
})

test('the expiry of the public certificate and the space on the disks are read', async () => {
  const text = await scrape(operations)
  const endsInS = valueOf(text, 'stockhand_certificate_expiry_timestamp_seconds')! - Date.now() / 1000
  expect(Math.round(endsInS / DAY_S)).toBe(CERTIFICATE_DAYS)
  const [free, size] = ['free', 'size'].map((what) => valueOf(text, `stockhand_disk_${what}_bytes{volume="data"}`)!)
  expect(free).toBeGreaterThan(0)
  expect(size).toBeGreaterThan(free!)
})

test('a process without the worker role does not read installation metrics, and without METRICS_PORT none are served', async () => {
  const port = await freePort()
  const api = await startTestServer(parts.urls.url, { env: { METRICS_PORT: String(port) } })
  const names = namesIn(await scrape(`http://127.0.0.1:${port}`))
  expect(names).toContain('stockhand_pushes_total')
  expect(names).not.toContain('stockhand_items')
  expect((await fetch(`${api.url}/metrics`)).status).toBe(404)
  await api.stop()
})

test('the operations port is open only on the address that METRICS_HOST names', async () => {
  const port = String(await freePort())
  const statusAt = async (address: string) => (await fetch(`http://${address}:${port}/readyz`)).status
  const inside = await startTestServer(parts.urls.url, { env: { METRICS_PORT: port, METRICS_HOST: '127.0.0.1' } })
  expect(await statusAt('127.0.0.1')).toBe(200)
  await expect(statusAt('127.0.0.2')).rejects.toThrow()
  await inside.stop()
  const elsewhere = { METRICS_PORT: port, METRICS_HOST: '192.0.2.1' } // TEST-NET-1 (RFC 5737): reserved for documentation
  await expect(startTestServer(parts.urls.url, { env: elsewhere })).rejects.toThrow(
    'METRICS_HOST 192.0.2.1 is not an address of this machine: set it to one, or leave it out',
  )
})

test('a port that is in use is reported in one line with the name of the setting', async () => {
  const port = new URL(operations).port
  await expect(startTestServer(parts.urls.url, { env: { METRICS_PORT: port } })).rejects.toThrow(
    /^METRICS_PORT \d+ cannot be opened \(.*EADDRINUSE.*\): set it to another one$/,
  )
})
