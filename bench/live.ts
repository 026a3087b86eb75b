// From one device's push to another device's memory, and to a thousand sockets at once.
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { WebSocket, WebSocketServer } from 'ws'
import { decodeTable } from '#shared/rows/rows.ts'
import { listen } from '../tests/support/test-server.ts'
import type { Figure } from './support/figures.ts'
import { ms, percentile } from './support/figures.ts'
import { BenchDevice, createItemsAndBins } from './support/mutations.ts'
import { onSlowDisk, WITH_SLOW_DISK } from './support/slow-disk.ts'
import { postJson } from './support/post-json.ts'
import type { BenchStage } from './support/stage.ts'
import { stopProcess } from './support/stage.ts'

const EDITS = 200
const SOCKETS = 1_000
const ROUNDS = 5
export const SOCKETS_GOAL = 2.5

export async function measureEditToDevice(stage: BenchStage): Promise<Figure[]> {
  const here = await editFigure(stage, 'one edit to another device, p50 / p99')
  return [here, await onSlowDisk(stage, () => editFigure(stage, `the same ${WITH_SLOW_DISK}`))]
}

async function editFigure(stage: BenchStage, what: string): Promise<Figure> {
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: 1, bins: 1 })
  const device = new BenchDevice(stage)
  const live = listen(stage.url, stage.token, { cursor: null })
  await live.until(() => live.messages.length === 1)
  const times: number[] = []
  for (let i = 0; i < EDITS; i++) {
    const seen = live.messages.length
    const start = performance.now()
    void device.push([device.mutation('stock.receive', { itemId: itemIds[0], locationId: binIds[0], quantity: 1 })])
    await untilTrue(() => live.messages.length > seen)
    decodeTable('positions', live.messages.at(-1)!.tables!.positions!)
    times.push(live.arrivedAt.at(-1)! - start)
  }
  await live.close()
  const bare = await limitEdit(stage)
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  const limit = { p50: percentile(bare, 0.5), p99: percentile(bare, 0.99) }
  return {
    what,
    measured: `${ms(p50)} / ${ms(p99)}`,
    limit: `${ms(limit.p50)} / ${ms(limit.p99)} (bare HTTP, one durable commit, bare ws)`,
    goal: '≤ 2 ×',
    met: p50 <= 2 * limit.p50 && p99 <= 2 * limit.p99,
  }
}

/** The same path without rules: a request, one durable row, a message. */
async function limitEdit({ ownerUrl }: BenchStage): Promise<number[]> {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, 'support/bare-server.ts')], {
    env: { ...process.env, DATABASE_OWNER_URL: ownerUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [port] = (await once(child.stdout, 'data')) as [Buffer]
  const address = `localhost:${Number(port.toString())}`
  const socket = new WebSocket(`ws://${address}`)
  await once(socket, 'open')
  const times: number[] = []
  for (let i = 0; i < EDITS; i++) {
    const start = performance.now()
    let took: number | undefined
    socket.once('message', (data) => {
      JSON.parse((data as Buffer).toString())
      took = performance.now() - start
    })
    void postJson(`http://${address}`, { id: randomUUID(), args: { itemId: randomUUID(), locationId: randomUUID() } })
    await untilTrue(() => took !== undefined)
    times.push(took!)
  }
  socket.terminate()
  await stopProcess(child)
  return times
}

/** A thousand sockets of one organisation, from the push to each socket's message. */
export async function measureSockets(stage: BenchStage): Promise<Figure> {
  const times = await socketTimes(stage, [stage.url])
  const limit = await limitSockets()
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  return {
    what: '1,000 sockets, one message each, p50 / p99 from the push to the device',
    measured: `${ms(p50)} / ${ms(p99)}`,
    limit: `${ms(limit.p50)} / ${ms(limit.p99)} (bare ws in one process)`,
    goal: `≤ ${SOCKETS_GOAL} ×`,
    met: p50 <= SOCKETS_GOAL * limit.p50 && p99 <= SOCKETS_GOAL * limit.p99,
  }
}

/** The time from a push to the message on each of a thousand sockets, spread over the given servers. */
export async function socketTimes(stage: BenchStage, urls: readonly string[]): Promise<number[]> {
  const { itemIds, binIds } = await createItemsAndBins(stage, { items: 1, bins: 1 })
  const device = new BenchDevice(stage)
  const open = (i: number) => listen(urls[i % urls.length]!, stage.token, { cursor: null })
  const sockets = Array.from({ length: SOCKETS }, (_, i) => open(i))
  await Promise.all(sockets.map((socket) => socket.until(() => socket.messages.length > 0, 60_000)))
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const seen = sockets.map(({ messages }) => messages.length)
    const start = performance.now()
    await device.push([device.mutation('stock.receive', { itemId: itemIds[0], locationId: binIds[0], quantity: 1 })])
    await untilTrue(() => sockets.every(({ messages }, i) => messages.length > seen[i]!))
    times.push(...sockets.map(({ arrivedAt }, i) => arrivedAt[seen[i]!]! - start))
  }
  await Promise.all(sockets.map((socket) => socket.close()))
  return times
}

/** The same with bare ws in one process, without a server's work. */
export async function limitSockets(): Promise<{ p50: number; p99: number }> {
  const server = new WebSocketServer({ port: 0 })
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const clients = Array.from({ length: SOCKETS }, () => new WebSocket(`ws://localhost:${port}`))
  await Promise.all(clients.map((client) => new Promise((resolve) => client.once('open', resolve))))
  const times: number[] = []
  const text = JSON.stringify({ epoch: 1, from: 1, to: 2, rows: 'x'.repeat(600) })
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    const received = clients.map(
      (client) =>
        new Promise<void>((resolve) =>
          client.once('message', (data) => {
            JSON.parse((data as Buffer).toString())
            times.push(performance.now() - start)
            resolve()
          }),
        ),
    )
    for (const socket of server.clients) socket.send(text)
    await Promise.all(received)
  }
  for (const client of clients) client.terminate()
  server.close()
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** Checks now and then, because a busy loop would take the processor from the measured work. */
async function untilTrue(isThere: () => boolean): Promise<void> {
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 1))
}
