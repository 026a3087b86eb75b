// The log of a real server: what it must contain, and what it must never contain.
import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLog } from '../../server/process/log.ts'
import { PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { TestServer } from '../support/test-server.ts'
import { call, signIn, startTestServer } from '../support/test-server.ts'

type Line = Record<string, unknown>

const parts = useLedger()
const emailOf = (role: string) => `${role}@${parts.domain}`
let server: TestServer
let text: string
const lines = () => text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
const sinkOf = () =>
  new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })

beforeEach(async () => {
  text = ''
  server = await startTestServer(parts.urls.url, { log: openLog('debug', sinkOf()) })
})
afterEach(() => server.stop())

async function lineOf(requestId: string): Promise<Line> {
  await expect.poll(() => lines().some(({ request }) => request === requestId)).toBe(true)
  return lines().find(({ request }) => request === requestId)!
}

test('a push is one line with its request, trace, organisation, device, status and duration', async () => {
  const token = await signIn(server.url, emailOf('manager'), PASSWORD)
  const device = new TestDevice(parts, parts.manager)
  const mutations = [device.mutation('stock.receive', { quantity: 1 })]
  const push = { clientId: device.clientId, epoch: 1, deviceNow: Date.now(), mutations }
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const headers = { 'x-request-id': 'my-request-1', traceparent: `00-${trace}-00f067aa0ba902b7-01` }
  const answer = await call(server.url, 'sync.push', push, { token, headers })
  expect(answer.headers.get('x-request-id')).toBe('my-request-1')
  expect(await lineOf('my-request-1')).toMatchObject({
    level: 'info',
    trace,
    method: 'POST',
    route: 'sync.push',
    status: 200,
    durationMs: expect.any(Number),
    org: parts.orgId,
    device: device.clientId,
    time: expect.stringMatching(/^\d{4}-.*Z$/),
  })
  expect(lines().filter(({ request }) => request === 'my-request-1')).toHaveLength(1)
})

test('successful reads are logged at debug and failed ones at info, and a request without an id gets one', async () => {
  const token = await signIn(server.url, emailOf('staff'), PASSWORD)
  const pulled = await call(server.url, 'sync.pull', { cursor: null }, { token, get: true })
  expect(await lineOf(pulled.headers.get('x-request-id')!)).toMatchObject({ level: 'debug', org: parts.orgId })
  const refused = await call(server.url, 'sync.pull', { cursor: 'garbage' }, { token, get: true })
  expect(await lineOf(refused.headers.get('x-request-id')!)).toMatchObject({ level: 'info', status: 400 })
  await fetch(`${server.url}/readyz`)
  expect(text).not.toContain('readyz')
})

test('the log never contains a password, token, cookie, email address or content', async () => {
  const email = emailOf('manager')
  const login = await call(server.url, 'auth.login', { email, password: PASSWORD })
  const token = login.body.result.data.accessToken as string
  const cookie = login.headers.get('set-cookie')!.split(';')[0]!
  await call(server.url, 'auth.login', { email, password: 'wrong-horse-battery' })
  await call(server.url, 'auth.login', { email: ['not', email], password: PASSWORD })
  await call(server.url, 'auth.login', undefined, { raw: `{"email": "${email}", "password": "${PASSWORD}` })
  await call(server.url, 'auth.refresh', {}, { headers: { cookie } })
  await call(server.url, 'auth.me', undefined, { token, get: true })
  await call(server.url, 'auth.me', undefined, { token: `${token}x`, get: true })
  await call(server.url, 'catalogue.lookup', { code: 'secret-code' }, { token, get: true })
  await stockRoom(new TestDevice(parts, parts.manager), { name: 'secret name' })
  await expect.poll(() => lines().filter(({ msg }) => msg === 'request').length).toBeGreaterThanOrEqual(8)
  const secrets = [PASSWORD, 'wrong-horse', token, cookie.split('=')[1]!, email, 'secret-code', 'secret name']
  for (const secret of secrets) expect(text).not.toContain(secret)
})

test('secrets inside a logged object are redacted', () => {
  const log = openLog('info', sinkOf())
  const user = { email: 'a@example.com', name: 'kept' }
  log.info({ password: 'p-1', user, request: { headers: { authorization: 'Bearer t-1', cookie: 'c-1' } } }, 'oops')
  expect(text).toContain('kept')
  for (const secret of ['p-1', 'a@example.com', 't-1', 'c-1']) expect(text).not.toContain(secret)
})
