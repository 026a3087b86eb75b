// Servers that are stopped (SIGTERM) one by one under load, without anybody noticing.
import 'fake-indexeddb/auto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { freePort } from '../support/free-port.ts'
import { PASSWORD, readRows, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import { startServerProcess } from '../support/server-process.ts'
import { call, signIn } from '../support/test-server.ts'
import { startSyncedDevices, until } from '../device/support/connected-device.ts'
import { startThreeReplicas } from './three-replicas.ts'

const parts = useLedger()
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0).toReversed()) await cleanUp()
})

/** Kubernetes kills after 30 s. */
const END_MAX_MS = 30_000
const PUSHERS = 8
const emailOf = (role: string) => `${role}@${parts.domain}`

/** Pushes one receipt after another, as fast as they are answered, over persistent connections. */
function startPushing(origin: string, token: string, receive: object) {
  const failed: string[] = []
  let taken = 0
  let isOn = true
  const work = async () => {
    const device = new TestDevice(parts, parts.manager)
    while (isOn) {
      const mutations = [device.mutation('stock.receive', receive)]
      const push = { clientId: device.clientId, epoch: 1, deviceNow: Date.now(), mutations }
      const answer = await call(origin, 'sync.push', push, { token }).catch((error: unknown) => ({
        status: `${String(error)} ${String((error as Error).cause)}`,
        body: undefined,
      }))
      if (answer.status === 200 && answer.body.result.data.results[0].status === 'applied') taken += 1
      else {
        failed.push(`${answer.status} ${JSON.stringify(answer.body)}`)
        return
      }
    }
  }
  const working = Promise.all(Array.from({ length: PUSHERS }, work))
  return {
    failed,
    stop: async () => {
      isOn = false
      await working
      return taken
    },
  }
}

test(
  '[P1][V1] restarting three replicas behind a balancer under load fails no push, and no device shows a lost connection',
  { timeout: 180_000 },
  async () => {
    const room = await stockRoom(new TestDevice(parts, parts.manager))
    const { url, replicas, restart } = await startThreeReplicas(parts.urls.url, cleanups, { DRAIN_DELAY: '2' })
    const token = await signIn(url, emailOf('manager'), PASSWORD)
    const devices = await startSyncedDevices(url, 4, { who: { token, userId: parts.manager }, cleanups })
    const shown = new Set<string>()
    for (const { sync } of devices) sync.status.subscribe(({ link: state }) => shown.add(state))
    const receive = { itemId: room.itemId, locationId: room.binA, quantity: 1 }
    const pushing = startPushing(url, token, receive)
    for (const index of replicas.keys()) {
      await sleep(500)
      const begun = Date.now()
      expect(await replicas[index]!.stop()).toBe(0)
      expect(Date.now() - begun).toBeLessThan(END_MAX_MS)
      await restart(index)
      await sleep(500) // until the balancer notices
    }
    const taken = await pushing.stop()
    expect(pushing.failed).toEqual([])
    expect(taken).toBeGreaterThan(100)
    const quantity = async () =>
      (await readRows(parts, 'positions')).find((row) => row.itemId === room.itemId)?.quantity
    expect(await quantity()).toBe(taken * 1000)
    const sees = () =>
      devices.every(({ device }) => device.queries.position(room.itemId, room.binA).quantity === taken * 1000)
    await until(sees, 'agreement', devices)
    expect([...shown]).toEqual(['online'])
  },
)

test('[P1] a push whose body is still being sent when the server stops is accepted and answered', async () => {
  const room = await stockRoom(new TestDevice(parts, parts.manager))
  const port = await freePort()
  const server = await startServerProcess({ databaseUrl: parts.urls.url, port, env: { DRAIN_DELAY: '1' } })
  cleanups.push(server.kill)
  const token = await signIn(server.url, emailOf('manager'), PASSWORD)
  const device = new TestDevice(parts, parts.manager)
  const mutations = [device.mutation('stock.receive', { itemId: room.itemId, locationId: room.binA, quantity: 1 })]
  const body = JSON.stringify({ clientId: device.clientId, epoch: 1, deviceNow: Date.now(), mutations })
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  const head = [
    'POST /trpc/sync.push HTTP/1.1',
    `Host: localhost:${port}`,
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 40)}`)
  await sleep(100)
  const ended = server.stop()
  await sleep(2_500) // it no longer listens by now
  await expect(fetch(`${server.url}/readyz`)).rejects.toThrow()
  socket.write(body.slice(40))
  await once(socket, 'close')
  expect(answer).toMatch(/^HTTP\/1\.1 200 /)
  expect(answer).toContain('"status":"applied"')
  expect(answer.toLowerCase()).toContain('connection: close')
  expect(await ended).toBe(0)
})

test('[V2] a server that is stopping says so at once, serves for a while, and closes its sockets so that they reconnect elsewhere', async () => {
  const port = await freePort()
  const operations = await freePort()
  const env = { DRAIN_DELAY: '2', METRICS_PORT: String(operations) }
  const server = await startServerProcess({ databaseUrl: parts.urls.url, port, env })
  cleanups.push(server.kill)
  const closed: { code: number; at: number }[] = []
  const sockets = Array.from({ length: 20 }, () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/trpc?connectionParams=1`)
    socket.on('close', (code) => closed.push({ code, at: Date.now() }))
    return socket
  })
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  for (const socket of sockets) socket.send('{"method":"connectionParams","data":{}}')
  const begun = Date.now()
  const ended = server.stop()
  await sleep(200)
  for (const origin of [server.url, `http://127.0.0.1:${operations}`]) {
    const { status, body } = await fetch(`${origin}/readyz`).then(async (one) => ({
      status: one.status,
      body: await one.json(),
    }))
    expect([status, body]).toEqual([503, { ok: false, cause: 'this process is ending' }])
    expect((await fetch(`${origin}/healthz`)).status).toBe(200)
  }
  const answer = await call(server.url, 'auth.me', undefined, { get: true })
  expect([answer.status, answer.headers.get('connection')]).toEqual([401, 'close'])
  expect(closed).toEqual([])
  expect(await ended).toBe(0)
  expect(closed.map(({ code }) => code)).toEqual(sockets.map(() => 1012))
  const moments = closed.map(({ at }) => at - begun)
  expect(Math.min(...moments)).toBeGreaterThan(1_900)
  expect(Math.max(...moments) - Math.min(...moments)).toBeGreaterThan(500)
})
