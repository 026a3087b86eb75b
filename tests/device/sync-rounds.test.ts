// When the sync loop sends requests and when it does not: the real device and loop, against a server of a few lines.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { signal } from '@preact/signals'
import { afterEach, expect, test, vi } from 'vitest'
import type { PullAnswer } from '#shared/protocol/wire.ts'
import { Device } from '../../client/device/device.ts'
import type { Clock } from '#shared/values/clock.ts'
import { systemClock } from '#shared/values/clock.ts'
import type { SyncTransport } from '../../client/sync/sync-transport.ts'
import { RequestError } from '../../client/sync/sync-transport.ts'
import { Sync } from '../../client/sync/sync.ts'

const NOTHING_NEW: Omit<PullAnswer, 'serverNow'> = {
  epoch: 1,
  version: 1,
  cursor: 'one',
  more: false,
  lastSeq: 0,
  lastAt: null,
  tables: {},
}

interface TestTab {
  device: Device
  sync: Sync
  /** The session's signal that this tab's user must sign in again. */
  expired: { value: boolean }
}

const opened: TestTab[] = []
/** One session for all tabs of a browser, like its cookie. */
let isSignedIn = true
let pulls = 0
let held: Promise<void> = Promise.resolve()
let waits = 0
let loseSocket = (): void => undefined
const countingClock: Clock = {
  ...systemClock,
  random: () => 0.01, // jitter over seconds becomes almost none
  wait: (ms, ended) => {
    waits += 1
    return systemClock.wait(ms, ended)
  },
}

async function open(name: string): Promise<TestTab> {
  const device = await Device.open({ name, actor: { userId: randomUUID(), role: 'staff' } })
  const expired = signal(false)
  const session = {
    expired,
    token: async () => {
      if (!isSignedIn) expired.value = true
      return expired.value ? undefined : 'token'
    },
    forgetToken: () => undefined,
  }
  const transport: SyncTransport = {
    push: () => Promise.reject(new RequestError({})),
    pull: async () => {
      if ((await session.token()) === undefined) throw new RequestError({ refusal: 'unauthenticated' })
      pulls += 1
      await held
      return { ...NOTHING_NEW, serverNow: Date.now() }
    },
    subscribe: (_request, handlers) => {
      handlers.open(true)
      loseSocket = () => handlers.open(false)
      return () => undefined
    },
  }
  const sync = new Sync({ device, session, transport, clock: countingClock })
  sync.start()
  const tab = { device, sync, expired }
  opened.push(tab)
  return tab
}

afterEach(async () => {
  for (const { device, sync } of opened.splice(0)) {
    await sync.stop()
    device.close()
  }
  isSignedIn = true
  pulls = 0
  held = Promise.resolve()
  vi.restoreAllMocks()
})

async function until(fits: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 8_000
  while (!fits()) {
    if (Date.now() > end) throw new Error(`not in 8 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const says = ({ sync }: TestTab, link: string) => until(() => sync.status.value.link === link, link)
const moment = () => new Promise((resolve) => setTimeout(resolve, 200))

test('[D9] after signing in again a tab syncs once and then leaves the server alone', async () => {
  const tab = await open(randomUUID())
  await says(tab, 'online')
  isSignedIn = false
  tab.sync.syncNow()
  await says(tab, 'signed_out')
  isSignedIn = true
  pulls = 0
  tab.expired.value = false
  await says(tab, 'online')
  await moment()
  expect(pulls).toBe(1)
})

test('[D9] after working offline a tab syncs once and then leaves the server alone', async () => {
  const name = randomUUID()
  const before = await open(name)
  await says(before, 'online')
  before.sync.setOffline(true)
  await before.sync.stop()
  before.device.close()
  await moment()
  const tab = await open(name)
  expect(tab.sync.status.value.link).toBe('paused')
  pulls = 0
  tab.sync.setOffline(false)
  await says(tab, 'online')
  await moment()
  expect(pulls).toBe(1)
})

test('[D9] a sync requested before the user chose to work offline does not start after it', async () => {
  const tab = await open(randomUUID())
  await says(tab, 'online')
  let release = (): void => undefined
  held = new Promise((go) => (release = go))
  tab.sync.syncNow()
  await until(() => pulls === 2, 'the pull in progress')
  tab.sync.syncNow()
  tab.sync.setOffline(true)
  release()
  await moment()
  expect([pulls, tab.sync.status.value.link]).toEqual([2, 'paused'])
})

test('a tab that works offline right after its socket was lost does not wake up', async () => {
  const tab = await open(randomUUID())
  await says(tab, 'online')
  loseSocket()
  tab.sync.setOffline(true)
  await moment()
  waits = 0
  await moment()
  expect(waits).toBeLessThan(3)
})

test('[D9][D16] work offline on a full disk applies in all tabs, is reported as unsaved, and is stored once there is room', async () => {
  const name = randomUUID()
  const tab = await open(name)
  await says(tab, 'online')
  const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
    throw new DOMException('full', 'QuotaExceededError')
  })
  tab.sync.setOffline(true)
  await until(() => tab.device.offlineMode.isUnsaved.value, 'reported as unsaved')
  await tab.device.reread() // as after another tab has stored an update
  expect([tab.device.offlineMode.isOn, tab.sync.status.value.link]).toEqual([true, 'paused'])
  const other = await open(name)
  await until(() => other.device.offlineMode.isOn, 'received by a tab that reads something else from the disk')
  await says(other, 'paused')
  other.sync.setOffline(false)
  await until(() => !tab.device.offlineMode.isOn, 'received')
  expect(tab.device.offlineMode.isUnsaved.value).toBe(false) // the other tab's choice applies now
  tab.sync.setOffline(true)
  await until(() => tab.device.offlineMode.isUnsaved.value, 'reported again')
  full.mockRestore()
  await until(() => !tab.device.offlineMode.isUnsaved.value, 'stored')
  for (const { device, sync } of opened.splice(0)) {
    await sync.stop()
    device.close()
  }
  expect((await open(name)).device.offlineMode.isOn).toBe(true)
})
