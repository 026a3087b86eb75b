// Leader election with real Web Locks and broadcast channels (Node has both) and real devices over fake-indexeddb. Time
// is simulated, so that tests do not wait for ten seconds of silence.
import 'fake-indexeddb/auto'
import { randomUUID } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { Device } from '../../client/device/device.ts'
import type { Clock } from '#shared/values/clock.ts'
import type { ConnectionStatus } from '../../client/device/connection-status.ts'
import type { TabCoordinator, TabCommand } from '../../client/sync/tab-coordinator.ts'
import { browserApis } from '../../client/sync/browser-apis.ts'
import { coordinateTabs, LEADER_SILENCE_MAX_MS } from '../../client/sync/tab-coordinator.ts'
import { Agent } from '../simulation/device/agent.ts'
import { SimulatedBrowser } from '../simulation/device/browser.ts'

/** A hundred times as fast as real time. */
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
  statuses: (ConnectionStatus | undefined)[]
  commands: TabCommand[]
}
const opened: { tabs: TabCoordinator; device: Device }[] = []

async function open(name: string, { clock = fast, status = ONLINE, browser = browserApis } = {}): Promise<TestTab> {
  const device = await Device.open({ name, actor: { userId: randomUUID(), role: 'staff' } })
  const tab: Omit<TestTab, 'tabs'> = { log: [], statuses: [], commands: [] }
  const tabs = coordinateTabs({
    name,
    device,
    clock,
    browser,
    startLeading: async (ended) => {
      tab.log.push('leads')
      await clock.wait(Number.MAX_SAFE_INTEGER, ended)
      tab.log.push('ended')
    },
    startFollowing: () => tab.log.push('follows'),
    status: () => status,
    statusReceived: (status) => tab.statuses.push(status),
    commandReceived: (command) => tab.commands.push(command),
    statusRequested: () => undefined,
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

test('[D10] a leader that answers is never replaced, and one that closes is replaced at once', async () => {
  const name = randomUUID()
  const one = await open(name)
  await until(() => one.log.length === 1, 'the first leading')
  const two = await open(name)
  await until(() => two.statuses.some((status) => status?.link === 'online'), 'the second receiving the status')
  await elapse(4 * LEADER_SILENCE_MAX_MS)
  expect([one.log, two.log]).toEqual([['leads'], []])
  one.tabs.leave()
  await until(() => two.log.length === 1, 'the second leading')
})

test('[D10] a tab that was replaced stops its work and queues for the lock again', async () => {
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

test('[D10] the status of a leader that does not answer is hidden long before another tab replaces it', async () => {
  const name = randomUUID()
  const held = navigator.locks.request(name, () => new Promise(() => undefined)).catch(() => undefined)
  const tab = await open(name)
  const channel = new BroadcastChannel(name)
  channel.postMessage({ type: 'status', status: ONLINE })
  await until(() => tab.statuses.some((status) => status?.link === 'online'), 'the status of the leader')
  channel.close()
  await until(() => tab.log.length === 1, 'leading')
  expect(tab.statuses.at(-1)).toBeUndefined() // a leader does not receive any status
  await held
})

test('[D10] a leader that was frozen and replaced does not notify other tabs, whatever they asked in the meantime', async () => {
  const browser = new SimulatedBrowser() // Node has one lock manager for all tabs, and no freezing
  const OFFLINE: ConnectionStatus = { ...ONLINE, link: 'offline' }
  const join = async (agent: Agent, status: ConnectionStatus) => {
    const wait: Clock['wait'] = async (ms, signal) => {
      await fast.wait(ms, signal)
      await new Promise<void>((resolve) => agent.receive(resolve))
    }
    return agent.run(() => open('tabs', { clock: { ...fast, wait }, status, browser }))
  }
  const agents = ['one', 'two', 'three'].map((name) => new Agent(name))
  const one = await join(agents[0]!, OFFLINE)
  await until(() => one.log.length === 1, 'the first leading')
  const others = [await join(agents[1]!, ONLINE), await join(agents[2]!, ONLINE)]
  await until(() => others.every(({ statuses }) => statuses.at(-1)?.link === 'offline'), 'both receiving the status')
  agents[0]!.freeze()
  await until(() => others.some(({ log }) => log.includes('leads')), 'another leading')
  await elapse(LEADER_SILENCE_MAX_MS / 2) // both may have taken it, one after the other
  const follower = others.find(({ log }) => log.at(-1) !== 'leads')!
  await until(() => follower.statuses.at(-1)?.link === 'online', 'the third receiving the status')
  const before = follower.statuses.length
  agents[0]!.thaw()
  await until(() => one.log.includes('follows'), 'the first following')
  await elapse(LEADER_SILENCE_MAX_MS)
  const since = follower.statuses.slice(before).map((status) => status?.link)
  expect([since.includes('online'), since.includes('offline')]).toEqual([true, false])
  for (const agent of agents) agent.end()
})

test('the other tabs receive the commands of a person in one tab', async () => {
  const name = randomUUID()
  const [one, two] = [await open(name), await open(name)]
  two.tabs.sendToLeader({ kind: 'pause', paused: true })
  await until(() => one.commands.length === 1, 'the command')
  expect([one.commands, two.commands]).toEqual([[{ kind: 'pause', paused: true }], []])
})
