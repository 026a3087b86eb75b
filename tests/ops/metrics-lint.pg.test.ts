// The output of /metrics, checked by Prometheus' own linter.
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { Jobs } from '../../server/jobs/jobs.ts'
import { freePort } from '../support/free-port.ts'
import { stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { scrape } from '../support/scrape.ts'
import { call, startTestServer } from '../support/test-server.ts'

const parts = useLedger()

function lint(input: string) {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
  if (error) throw new Error(`promtool is missing (apt-get install prometheus): ${error.message}`)
  return { status, output: `${stdout}${stderr}` }
}

test('promtool finds no problem in a server’s metrics, and finds a planted one', async () => {
  await Jobs.prepare(parts.urls.ownerUrl)
  await stockRoom(new TestDevice(parts, parts.manager))
  const port = String(await freePort())
  const env = { ROLES: 'api,worker', METRICS_PORT: port, DATA_DIR: tmpdir(), DATABASE_REPLICA_URL: parts.urls.url }
  const server = await startTestServer(parts.urls.url, { env })
  await call(server.url, 'auth.me', undefined, { get: true })
  const text = await scrape(`http://127.0.0.1:${port}`)
  expect(lint(text)).toEqual({ status: 0, output: '' })
  const planted = `${text}# HELP stockhand_sizes_total Not a counter.\n# TYPE stockhand_sizes_total gauge\nstockhand_sizes_total 1\n`
  expect(lint(planted)).toMatchObject({ output: expect.stringContaining('_total') })
  await server.stop()
})
