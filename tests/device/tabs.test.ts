// Who leads: real Web Locks and broadcast channels (Node has both), real devices over fake-indexeddb. Time is simulated:
// ten seconds of silence need not be waited for.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { Device } from '../../client/device/device.ts'
import type { Clock } from '#shared/values/clock.ts'
import type { ConnectionStatus } from '../../client/device/connection-status.ts'
import type { TabCoordinator, TabCommand } from '../../client/sync/tab-coordinator.ts'
import { coordinateTabs, LEADER_SILENCE_MAX_MS } from '../../client/sync/tab-coordinator.ts'
import { Agent } from '../simulation/people/agent.ts'
import { Browser } from '../simulation/device/browser.ts'

/** A hundred times as fast as the wall's. */
const SPEED = 100
const fast: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * SPEED,
  random: Math.random,
  wait: (ms, signal) =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(ms / SPEED, 2 ** 31 - 1))
      signal?.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    }),
}
const ONLINE: ConnectionStatus = { link: 'online', busy: false, loading: undefined, problem: undefined }

interface TestTab {
  tabs: TabCoordinator
  log: string[]
  heard: (ConnectionStatus | undefined)[]
  wishes: TabCommand[]
}
const opened: { tabs: TabCoordinator; device: Device }[] = []

async function open(name: string, { clock = fast, status = ONLINE } = {}): Promise<TestTab> {
  const device = await Device.open({ name, actor: { userId: randomUUID(), role: 'staff' } })
  const tab: Omit<TestTab, 'tabs'> = { log: [], heard: [], wishes: [] }
  const tabs = coordinateTabs({
    name,
    device,
    clock,
    startLeading: async (ended) => {
      tab.log.push('leads')
      await clock.wait(Number.MAX_SAFE_INTEGER, ended)
      tab.log.push('ended')
    },
    startFollowing: () => tab.log.push('follows'),
    status: () => status,
    statusReceived: (status) => tab.heard.push(status),
    commandReceived: (command) => tab.wishes.push(command),
    asked: () => undefined,
  })
  opened.push({ tabs, device })
  return { ...tab, tabs }
}

afterEach(() => {
  for (const { tabs, device } of opened.splice(0)) {
    tabs.leave()
    device.close()
  }
})

async function until(fits: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 3_000
  while (!fits()) {
    if (performance.now() > end) throw new Error(`not in 3 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

const elapse = (ms: number) => fast.wait(ms)

test('[D10] a lock whose holder never answers is taken after ten seconds of silence', async () => {
  const name = randomUUID()
  const frozen = navigator.locks.request(name, () => new Promise(() => undefined)).catch((error: Error) => error.name)
  const tab = await open(name)
  await elapse(LEADER_SILENCE_MAX_MS / 2)
  expect(tab.log).toEqual([])
  await until(() => tab.log.length === 1, 'leading')
  expect(await frozen).toBe('AbortError')
})

test('[D10] a leader that answers is never replaced; one that closes is, at once', async () => {
  const name = randomUUID()
  const one = await open(name)
  await until(() => one.log.length === 1, 'the first leading')
  const two = await open(name)
  await until(() => two.heard.some((status) => status?.link === 'online'), 'the second hearing how it stands')
  await elapse(4 * LEADER_SILENCE_MAX_MS)
  expect([one.log, two.log]).toEqual([['leads'], []])
  one.tabs.leave()
  await until(() => two.log.length === 1, 'the second leading')
})

test('[D10] a tab that was replaced ends what it does, and queues again', async () => {
  const name = randomUUID()
  const one = await open(name)
  await until(() => one.log.length === 1, 'leading')
  let release = (): void => undefined
  const taken = navigator.locks.request(name, { steal: true }, () => new Promise<void>((done) => (release = done)))
  await until(() => one.log.includes('follows'), 'following')
  expect(one.log).toEqual(expect.arrayContaining(['leads', 'follows', 'ended']))
  release()
  await taken
  await until(() => one.log.filter((it) => it === 'leads').length === 2, 'leading again')
})

test('[D10] what a leader said that does not answer is shown no more, long before another takes its place', async () => {
  const name = randomUUID()
  const held = navigator.locks.request(name, () => new Promise(() => undefined)).catch(() => undefined)
  const tab = await open(name)
  const channel = new BroadcastChannel(name)
  channel.postMessage({ type: 'status', status: ONLINE })
  await until(() => tab.heard.some((status) => status?.link === 'online'), 'what the leader says')
  channel.close()
  await until(() => tab.log.length === 1, 'leading')
  expect(tab.heard.at(-1)).toBeUndefined() // and a tab that leads hears nothing more
  await held
})

test('[D10] a leader that was frozen and replaced says nothing more, whatever it was asked meanwhile', async () => {
  const uninstall = new Browser().install() // in Node all tabs are one to the locks, and none can freeze
  const OFFLINE: ConnectionStatus = { ...ONLINE, link: 'offline' }
  const join = async (agent: Agent, status: ConnectionStatus) => {
    const wait: Clock['wait'] = async (ms, signal) => {
      await fast.wait(ms, signal)
      await new Promise<void>((resolve) => agent.receive(resolve))
    }
    return agent.run(() => open('tabs', { clock: { ...fast, wait }, status }))
  }
  try {
    const agents = ['one', 'two', 'three'].map((name) => new Agent(name))
    const one = await join(agents[0]!, OFFLINE)
    await until(() => one.log.length === 1, 'the first leading')
    const others = [await join(agents[1]!, ONLINE), await join(agents[2]!, ONLINE)]
    await until(() => others.every(({ heard }) => heard.at(-1)?.link === 'offline'), 'both hearing it')
    agents[0]!.freeze()
    await until(() => others.some(({ log }) => log.includes('leads')), 'another leading')
    await elapse(LEADER_SILENCE_MAX_MS / 2) // both may have taken it, one after the other
    const follower = others.find(({ log }) => log.at(-1) !== 'leads')!
    await until(() => follower.heard.at(-1)?.link === 'online', 'the third hearing it')
    const before = follower.heard.length
    agents[0]!.thaw()
    await until(() => one.log.includes('follows'), 'the first following')
    await elapse(LEADER_SILENCE_MAX_MS)
    const since = follower.heard.slice(before).map((status) => status?.link)
    expect([since.includes('online'), since.includes('offline')]).toEqual([true, false])
    for (const agent of agents) agent.end()
  } finally {
    for (const { tabs, device } of opened.splice(0)) {
      tabs.leave()
      device.close()
    }
    uninstall()
  }
})

test('what a person wishes in one tab, the others hear', async () => {
  const name = randomUUID()
  const [one, two] = [await open(name), await open(name)]
  two.tabs.sendToLeader({ kind: 'pause', paused: true })
  await until(() => one.wishes.length === 1, 'the wish')
  expect([one.wishes, two.wishes]).toEqual([[{ kind: 'pause', paused: true }], []])
})
