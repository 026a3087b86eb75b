// A device of the simulation: one disk (fake-indexeddb), one clock that may be wrong, one person, up to three tabs, a
// service worker that may run without a tab, and power that may be cut.
import 'fake-indexeddb/auto'
import { Dexie } from 'dexie'
import type { MutationName, Mutations } from '#shared/mutations/verbs.ts'
import type { Role } from '#shared/rows/rows.ts'
import { nextStamp, stampDevice } from '#shared/values/stamp.ts'
import type { RecordResult } from '../../../client/device/record-result.ts'
import type { OutboxEntry } from '../../../client/device/records.ts'
import { DeviceDatabase } from '../../../client/device/storage/database.ts'
import { lockName } from '../../../client/sync/lock-name.ts'
import { pushInBackground } from '../../../client/sync/background-push.ts'
import { RequestError } from '../../../client/sync/sync-transport.ts'
import { Agent } from './agent.ts'
import type { Issued } from '../../../server/accounts/accounts.ts'
import { agentClock } from './agent-clock.ts'
import { InvariantViolation } from '../checks/invariant-violation.ts'
import type { SimulatedBrowser } from './browser.ts'
import { cutPower, fill, isFull, metaOn, outboxOn } from './disk.ts'
import type { Network, Reply, Request } from '../world/network.ts'
import type { SimulatedPerson } from '../world/organisation.ts'
import { Random } from '../random.ts'
import type { Cookie } from './simulated-session.ts'
import { SimulatedTab } from './simulated-tab.ts'
import type { VirtualTime } from '../world/virtual-time.ts'

const TABS_MAX = 3

export interface DeviceParts {
  name: string
  /** The name of its IndexedDB database. */
  storage: string
  person: SimulatedPerson
  role: Role
  cookie: Cookie
  skewMs: number
  pageRows: number
  seed: number
  time: VirtualTime
  network: Network
  browser: SimulatedBrowser
}

export class SimulatedDevice {
  readonly name: string
  readonly storage: string
  readonly person: SimulatedPerson
  readonly cookie: Cookie
  readonly time: VirtualTime
  readonly network: Network
  readonly browser: SimulatedBrowser
  /** The role that the app last received. */
  role: Role
  skewMs: number
  /** The most rows per page that it requests. */
  pageRows: number
  tabs: SimulatedTab[] = []
  /** The disk was full at some time, so tabs may have reported it. */
  wasFull = false
  /**
   * When the storage was deleted, in true time. The device cannot send mutations again that were acknowledged before.
   */
  deletedAt = Number.NEGATIVE_INFINITY
  /** The user works offline, and every tab knows it, so the device must not send requests. */
  mustNotSend = false
  /** Violations found while code of the product ran. They must not be thrown into it. */
  readonly violations: InvariantViolation[] = []
  /** Which tabs are awake and which of them leads, and since when (by the monotonic clock). */
  awakeNow = { who: '', since: 0 }
  readonly #parts: DeviceParts
  readonly #random: Random
  #opened = 0
  readonly #workers = new Set<Agent>()
  /** Bugs that ended a service worker. */
  readonly reported: unknown[] = []

  constructor(parts: DeviceParts) {
    this.name = parts.name
    this.storage = parts.storage
    this.person = parts.person
    this.cookie = parts.cookie
    this.time = parts.time
    this.network = parts.network
    this.browser = parts.browser
    this.role = parts.role
    this.skewMs = parts.skewMs
    this.pageRows = parts.pageRows
    this.#parts = parts
    this.#random = new Random(parts.seed, 3)
  }

  /** Makes the disk full, or frees space again. */
  fillDisk(isFull: boolean): void {
    this.wasFull ||= isFull
    fill(this.storage, isFull ? this.#random : undefined)
  }

  /**
   * Deletes the storage under the open tabs. Returns false if no tab is awake or the disk is full, because it could not
   * be rebuilt.
   */
  async deleteStorage(): Promise<boolean> {
    const [tab] = this.awake
    if (!tab?.device.syncPoint.value.complete || isFull(this.storage)) return false
    this.deletedAt = this.time.now
    const descriptor = Object.getOwnPropertyDescriptor(console, 'warn')!
    Object.defineProperty(console, 'warn', { ...descriptor, value: () => undefined }) // Dexie warns each time
    await Dexie.delete(this.storage)
    Object.defineProperty(console, 'warn', descriptor)
    // The tab must notice before the device crashes, because only its memory has the data then.
    await tab.agent.run(() => tab.device.queue.identity())
    await this.time.idle()
    return true
  }

  get now(): number {
    return this.time.now + this.skewMs
  }

  /** The tabs that are not frozen. */
  get awake(): SimulatedTab[] {
    return this.tabs.filter(({ agent }) => !agent.isFrozen)
  }

  /** Returns undefined if there are already as many tabs as people use. */
  async openTab(): Promise<SimulatedTab | undefined> {
    if (this.tabs.length >= TABS_MAX) return undefined
    this.#opened += 1
    const tab = new SimulatedTab(this, {
      name: `${this.name} tab ${this.#opened}`,
      seed: this.#parts.seed * 64 + this.#opened,
    })
    this.tabs.push(tab)
    await tab.open(() => this.#random.bytes(10))
    await this.time.idle()
    return tab
  }

  /** The tab that the user looks at. It is opened or thawed if necessary. */
  async visibleTab(number = 0): Promise<SimulatedTab> {
    if (this.tabs.length === 0) await this.openTab()
    const tab = this.tabs[number % this.tabs.length]!
    if (tab.agent.isFrozen) {
      tab.agent.thaw()
      await this.time.idle()
    }
    return tab
  }

  async closeTab(tab: SimulatedTab): Promise<void> {
    await tab.close()
    this.tabs = this.tabs.filter((other) => other !== tab)
    await this.time.idle()
  }

  /** Reopens a tab after its role changed, as the app does. */
  async reload(tab: SimulatedTab): Promise<void> {
    await this.closeTab(tab)
    await this.openTab()
  }

  /** Returns true if the role has changed. */
  setRole(role: Role): boolean {
    if (role === this.role) return false
    this.role = role
    for (const tab of this.tabs) tab.isOutdated = true
    return true
  }

  async record(verb: string, args: Record<string, unknown>, tab: SimulatedTab): Promise<RecordResult> {
    // The plan also records mutations that no screen would record: unknown verbs and wrong arguments.
    return tab.agent.run(() => tab.device.record(verb as MutationName, args as Mutations[MutationName]))
  }

  /** Power off at any moment: uncommitted writes are lost. */
  async crash(): Promise<void> {
    this.#end()
    await this.time.idle()
    await this.openTab()
  }

  /**
   * The browser does this now and then, even without a tab. Like client/service-worker/service-worker.ts it checks the
   * lock first.
   */
  wakeServiceWorker(): void {
    if (this.browser.locks.holderOf(lockName(this.storage))) return
    this.#opened += 1
    const agent = new Agent(`${this.name} service worker ${this.#opened}`)
    const clock = agentClock(agent, this, new Random(this.#parts.seed * 64 + this.#opened, 5))
    const asked = async <T>(request: Pick<Request, 'path' | 'input' | 'accessToken'>): Promise<T> => {
      const reply = await this.send(agent, request)
      if (reply.ok) return reply.value as T
      throw new RequestError(reply)
    }
    const work = async () => {
      const cookie = this.cookie.text
      const issued = await asked<Issued>({ path: 'refresh', input: { cookie }, accessToken: '' })
      if (issued.refreshToken !== '') this.cookie.text = issued.refreshToken
      const { accessToken } = issued.signedIn
      const push = <T>(input: () => unknown) => asked<T>({ path: 'push', input: input(), accessToken })
      await pushInBackground(new DeviceDatabase(this.storage), { push }, { clock, locks: this.browser.locks })
    }
    this.#workers.add(agent)
    void agent
      .run(work)
      .catch((error: unknown) => error instanceof RequestError || agent.hasEnded || agent.reported.push(error))
      .finally(() => this.#endWorker(agent))
  }

  /** Sends a request to a server, as one of the tabs or the service worker. */
  send(agent: Agent, request: Pick<Request, 'path' | 'input' | 'accessToken'>): Promise<Reply> {
    const { network, name, time } = this
    // A service worker asks who is signed in before it knows whose outbox it is, and whether they work offline.
    if (this.mustNotSend && request.path !== 'refresh') {
      const what = `${agent.name} sends a ${request.path} although its user works offline`
      this.violations.push(new InvariantViolation(12, what))
    }
    const ended = request.path === 'refresh' ? () => undefined : agent.startRequest()
    return new Promise((resolve) => {
      let isAnswered = false // a copy of the answer may arrive later
      const answer = (reply: Reply) =>
        agent.receive(() => {
          if (isAnswered) return
          isAnswered = true
          ended(reply.ok || reply.refusal !== undefined)
          resolve(reply)
        })
      const key = network.key(`${agent.name}'s ${request.path}`)
      network.send({ kind: 'request', key, device: name, ...request, sentAt: time.now, answer })
    })
  }

  close(): void {
    this.#end()
  }

  #endWorker(agent: Agent): void {
    this.#workers.delete(agent)
    this.browser.drop(agent)
    this.reported.push(...agent.reported)
  }

  #end(): void {
    for (const tab of this.tabs) tab.agent.end()
    for (const agent of this.#workers) this.#endWorker(agent)
    cutPower(this.storage)
    for (const tab of this.tabs) tab.end()
    this.tabs = []
  }

  /** Adds a mutation to the outbox past every check of the app, as the next one. */
  async addToOutbox({ id, name, args }: { id: string; name: string; args: unknown }): Promise<void> {
    const tab = await this.visibleTab()
    const database = new DeviceDatabase(this.storage)
    const { meta, outbox } = database
    await database.transaction('rw', [meta, outbox], async () => {
      const identity = (await database.readMeta('identity'))!
      const { nextSeq: seq, clientId, lastStamp } = identity
      const at = nextStamp(lastStamp, this.now, stampDevice(clientId))
      await outbox.add({ seq, envelope: { seq, id, name, args, at }, at })
      await database.writeMeta('identity', { ...identity, nextSeq: seq + 1, lastStamp: at })
    })
    database.close()
    await tab.agent.run(async () => {
      await tab.device.reread()
      tab.device.notifyTabs({ kind: 'reread' })
    })
  }

  /** Another device with the same database, like a restored backup of the machine. */
  async clone(name: string): Promise<SimulatedDevice> {
    const { time } = this
    const seed = Number.parseInt(time.uuid().slice(0, 8), 16) // a copy gets other random numbers
    const { skewMs, role } = this
    const parts = { ...this.#parts, name, storage: time.uuid(), skewMs, role, seed, cookie: { ...this.cookie } }
    const [from, to] = [new DeviceDatabase(this.storage), new DeviceDatabase(parts.storage)]
    await to.delete() // the same seed may have run before, while its plan was shrunk
    await to.open()
    for (const table of from.tables) await to.table(table.name).bulkPut(await table.toArray())
    from.close()
    to.close()
    const copy = new SimulatedDevice(parts)
    copy.mustNotSend = metaOn(parts.storage).paused === true
    await copy.openTab()
    return copy
  }

  /** All pending mutations on the disk, including the skipped ones. */
  outbox(): OutboxEntry[] {
    return outboxOn(this.storage)
  }
}
