// The current and the previous version side by side, in both directions: their devices, their servers, and the pending
// mutations of a device that was updated with a full outbox.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { signal } from '@preact/signals'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Device } from '../../client/device/device.ts'
import { trpcTransport } from '../../client/sync/trpc-transport.ts'
import { Sync } from '../../client/sync/sync.ts'
import type { MutationName, Mutations } from '#shared/mutations/verbs.ts'
import { checkLedger } from '../../server/ledger/verify/ledger-check.ts'
import { PASSWORD, stockRoom, TestDevice, useLedger } from '../support/ledger-under-test.ts'
import type { TestServer } from '../support/test-server.ts'
import { signIn, startTestServer } from '../support/test-server.ts'
import type { AnyDevice } from './previous-version.ts'
import { startSync, startPreviousDevice, startPreviousServer } from './previous-version.ts'

const MONTH_MS = 30 * 86_400_000
const parts = useLedger()
let current: TestServer
let previous: { url: string; stop(): Promise<void> }
let token: string

beforeAll(async () => {
  current = await startTestServer(parts.urls.url)
  previous = await startPreviousServer(parts.urls.url)
  const { domain } = parts
  token = await signIn(current.url, `manager@${domain}`, PASSWORD)
})
afterAll(async () => {
  await previous.stop()
  await current.stop()
})

async function startDevice(origin: string, { name = randomUUID(), now = Date.now } = {}): Promise<AnyDevice> {
  const session = { token: async () => token, forgetToken: () => undefined, expired: signal(false) }
  const device = await Device.open({ name, actor: { userId: parts.manager, role: 'manager' }, now })
  const sync = new Sync({ device, session, transport: trpcTransport(session, origin) })
  return startSync(device, sync)
}

const isSynced = ({ device }: AnyDevice) => device.syncPoint.value.complete && device.pendingCount.value === 0

async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 25_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not in 25 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function saved<N extends MutationName>(one: AnyDevice, name: N, args: Mutations[N]): Promise<void> {
  const result = await one.device.record(name, args)
  if (!result.saved) throw new Error(result.refusal.code)
}

test('devices of both versions on servers of both versions agree', { timeout: 60_000 }, async () => {
  const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
  const who = { token, userId: parts.manager }
  const all = [
    await startDevice(current.url),
    await startDevice(previous.url),
    await startPreviousDevice(current.url, { ...who, name: randomUUID() }),
    await startPreviousDevice(previous.url, { ...who, name: randomUUID() }),
  ]
  await until(() => all.every(isSynced), 'the first sync')
  for (const one of all) {
    await saved(one, 'stock.receive', { itemId, locationId: binA, quantity: 10 })
    await saved(one, 'stock.withdraw', { itemId, locationId: binA, quantity: 1 })
    await saved(one, 'item.update', { id: itemId, set: { unit: 'kg' }, base: { unit: 'pcs' } })
  }
  const agree = () => all.every((one) => one.device.queries.position(itemId, binA).quantity === 36_000 && isSynced(one))
  await until(agree, 'agreement')
  expect(all.map(({ device }) => device.queries.item(itemId)?.unit)).toEqual(Array(4).fill('kg'))
  await Promise.all(all.map(({ stop }) => stop()))
  expect((await checkLedger(parts.database, parts.orgId)).findings).toEqual([])
})

test('an app that is updated with an outbox of thirty days does not lose any of it', { timeout: 60_000 }, async () => {
  const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
  const name = randomUUID()
  const nowhere = 'http://127.0.0.1:9'
  const first = await startPreviousDevice(previous.url, { token, userId: parts.manager, name })
  await until(() => isSynced(first), 'the first sync')
  await first.stop()
  const monthAgo = () => Date.now() - MONTH_MS
  const away = await startPreviousDevice(nowhere, { token, userId: parts.manager, name, now: monthAgo })
  for (let i = 0; i < 25; i++) await saved(away, 'stock.receive', { itemId, locationId: binA, quantity: 1 })
  await away.stop()
  const updated = await startDevice(current.url, { name })
  expect(updated.device.queries.position(itemId, binA).quantity).toBe(25_000)
  await until(() => isSynced(updated), 'pending mutations are sent')
  const others = await startPreviousDevice(previous.url, { token, userId: parts.manager, name: randomUUID() })
  await until(() => others.device.queries.position(itemId, binA).quantity === 25_000, 'the others receive it')
  await Promise.all([updated.stop(), others.stop()])
})

test('a server of the previous version accepts an outbox of this version', { timeout: 60_000 }, async () => {
  const { itemId, binA } = await stockRoom(new TestDevice(parts, parts.manager))
  const device = await startDevice(previous.url, { now: Date.now })
  await until(() => isSynced(device), 'the first sync')
  for (let i = 0; i < 25; i++) await saved(device, 'stock.receive', { itemId, locationId: binA, quantity: 1 })
  // A verb that the server does not know yet is refused there with its reason, and does not delay anything.
  const countId = randomUUID()
  await saved(device, 'count.open', { id: countId, name: 'Autumn', scope: {}, blind: true })
  await saved(device, 'stock.withdraw', { itemId, locationId: binA, quantity: 5 })
  await until(() => isSynced(device), 'pending mutations are sent')
  expect(device.device.queries.position(itemId, binA).quantity).toBe(20_000)
  await device.stop()
})
