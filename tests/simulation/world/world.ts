// One world: an organisation, its servers and devices, the network between them, and what people did. It runs a plan
// and checks the rules after every step. Then it ends all faults and checks the rules for the end.
import 'fake-indexeddb/auto' // before Dexie, which looks for it as it is loaded
import { InvariantViolation } from '../checks/invariant-violation.ts'
import { SimulatedBrowser } from '../device/browser.ts'
import { CHECKS_AT_THE_END } from '../checks/check-end.ts'
import { checkDevice } from '../checks/check-device.ts'
import { undoFaults, Actions, record, signInIfAsked } from '../people/actions.ts'
import { metaOn } from '../device/disk.ts'
import { Intruder } from '../people/intruder.ts'
import { Network, SILENCE } from './network.ts'
import type { KnownIds } from './mutation-args.ts'
import type { SimulatedPerson } from './organisation.ts'
import { makeOrganisation, signIn } from './organisation.ts'
import type { Action, Plan } from '../plan.ts'
import { requestFault, REPLICAS } from '../plan.ts'
import { Random } from '../random.ts'
import { ServerTruth } from '../checks/server-truth.ts'
import { Servers } from './servers.ts'
import { SimulatedDevice } from '../device/simulated-device.ts'
import type { SimulationStage } from './stage.ts'
import { VirtualTime } from './virtual-time.ts'

/** After the faults everything syncs automatically within this time. */
const SYNCS_WITHIN_MS = 180_000
const CHECK_EVERY_MS = 2_000
const SMALL_PAGE = 10
/** The most messages that may be delivered at one moment. More mean an endless exchange between device and server. */
const MESSAGES_MAX = 1_000

/** A mutation that was shown as saved. */
export interface Acknowledged {
  id: string
  verb: string
  args: Record<string, unknown>
  device: string
  userId: string
  /** In true time. */
  at: number
}

/** Numbers the worlds of a process, because one may run again and must not find the storage of its first run. */
let runs = 0

export class World {
  readonly time: VirtualTime
  readonly stage: SimulationStage
  readonly plan: Plan
  readonly network = new Network()
  readonly browser = new SimulatedBrowser()
  readonly acknowledged = new Map<string, Acknowledged>()
  /** The ids of mutations that no server accepts. */
  readonly poison = new Set<string>()
  /** What happened, in plain sentences. */
  readonly story: string[] = []
  readonly known: KnownIds
  devices: SimulatedDevice[] = []
  people: SimulatedPerson[] = []
  servers!: Servers
  truth!: ServerTruth
  /** Devices that do not know of the last restore yet, with the epoch before it. */
  readonly #unaware = new Map<SimulatedDevice, number>()
  readonly #actions: Actions
  readonly #random: Random
  #intruder: Intruder | undefined
  #isHealed = false
  /** True while the world begins and after it has healed: no faults happen. */
  #isFaultFree = true

  constructor(stage: SimulationStage, plan: Plan) {
    this.stage = stage
    this.plan = plan
    this.time = new VirtualTime(plan.seed)
    this.#random = new Random(plan.seed, 6)
    this.#actions = new Actions(this)
    const newId = () => this.time.uuid()
    this.known = {
      items: [],
      locations: [],
      categories: [],
      mutations: [],
      conflicts: [],
      alerts: [],
      counts: [],
      countLines: [],
      newId,
    }
  }

  /** Runs the plan. @throws {InvariantViolation} if a rule is broken */
  run(): Promise<void> {
    return this.time.run(async () => {
      const stopCollecting = this.browser.collectErrors()
      try {
        await this.#begin()
        for (const { pauseMs, ...action } of this.plan.steps) {
          await this.pass(1 + pauseMs)
          await this.#actions.perform(action as Action)
          await this.runUntilIdle()
          await this.#checkNow()
        }
        await this.#heal()
        for (const check of CHECKS_AT_THE_END) await check(this)
      } finally {
        await this.#end()
        stopCollecting()
      }
    })
  }

  readonly narrate = (sentence: string): void => {
    this.story.push(sentence)
  }

  acknowledge(device: SimulatedDevice, { id, verb, args }: Pick<Acknowledged, 'id' | 'verb' | 'args'>): void {
    this.acknowledged.set(id, { id, verb, args, device: device.name, userId: device.person.userId, at: this.time.now })
    this.known.mutations.push(id)
  }

  pass(ms: number): Promise<void> {
    return this.time.pass(ms, () => this.runUntilIdle())
  }

  /** Delivers messages and fires timers until only time or the plan can change anything. */
  async runUntilIdle(): Promise<void> {
    for (let i = 0; ; i++) {
      if (i > MESSAGES_MAX) throw new InvariantViolation(6, 'devices and servers exchange messages without end')
      await this.time.idle()
      const outdated = this.devices.flatMap(({ awake }) => awake).find(({ isOutdated }) => isOutdated)
      if (outdated) await outdated.host.reload(outdated)
      else if (this.time.fire()) continue
      else {
        const message = this.network.takeDeliverable(this.#random)
        if (!message) return
        const fault = this.#isFaultFree ? 'nothing' : requestFault(this.#random)
        await this.servers.deliver(message, { replica: this.network.replicaOf(message), fault })
        if (message.kind === 'answer' && !this.#isFaultFree) await this.#checkBetweenPages(message.device)
      }
    }
  }

  async intrude(action: Action & { do: 'intrude' }): Promise<void> {
    this.#intruder ??= await Intruder.enter(this)
    await this.#intruder.intrude(action)
  }

  noteRestore(epoch: number): void {
    for (const device of this.devices) {
      this.#unaware.set(device, Math.max(epoch, metaOn(device.storage).point?.epoch ?? 0))
    }
  }

  noteClone(device: SimulatedDevice, copy: SimulatedDevice): void {
    const epoch = this.#unaware.get(device)
    if (epoch !== undefined) this.#unaware.set(copy, epoch)
  }

  /** Returns true until the device learns of the new epoch, or all faults have ended. */
  isUnawareOfRestore(device: SimulatedDevice): boolean {
    const epoch = this.#unaware.get(device)
    if (epoch === undefined) return false
    if (this.#isHealed || (metaOn(device.storage).point?.epoch ?? 0) > epoch) this.#unaware.delete(device)
    return this.#unaware.has(device)
  }

  async #begin(): Promise<void> {
    const { network, stage, narrate, time, browser } = this
    const { hasReadReplica, readsAhead: ahead } = this.plan
    await stage.readReplica.begin(time, new Random(this.plan.seed, 7))
    const readReplica = hasReadReplica ? stage.readReplica : undefined
    this.servers = new Servers({ network, stage, narrate, time, reads: { readReplica, ahead } })
    const { accounts, database, ledger } = this.servers.replicas[0]!
    const uuid = () => time.uuid()
    const people = this.plan.devices.map(({ role }, index) => ({ name: `person ${index + 1}`, role }))
    this.people = await makeOrganisation({ database, ledger, uuid }, { name: 'The shop', people })
    this.truth = new ServerTruth(stage.owner, this.people[0]!.orgId)
    const run = (runs += 1)
    for (const [index, { skewMs, role, pageRows, tabs }] of this.plan.devices.entries()) {
      const person = this.people[index]!
      const device = new SimulatedDevice({
        name: `device ${index + 1}`,
        storage: `${uuid()}-${run}`,
        cookie: { text: (await signIn(accounts, person)).refreshToken },
        seed: this.plan.seed * 16 + index,
        person,
        role,
        skewMs,
        pageRows,
        time,
        network,
        browser,
      })
      this.devices.push(device)
      for (let tab = 0; tab < tabs; tab++) await device.openTab()
    }
    await this.#createStock()
  }

  /** Creates the first items and locations and runs the first syncs, without faults. */
  async #createStock(): Promise<void> {
    const [first] = this.devices
    this.network.setGoodConnection(first!.name, 0)
    await this.pass(100)
    const verbs = ['item.create', 'item.create', 'location.create', 'location.create', 'category.create']
    for (const verb of verbs)
      await record(this, first!, { do: 'record', device: 0, tab: 0, verb, picks: [0.1, 0.9, 0.6] })
    for (const [index, { name }] of this.devices.entries()) {
      if (!this.plan.devices[index]!.isFresh) this.network.setGoodConnection(name, index % REPLICAS)
    }
    await this.pass(100)
    for (const [index, { name }] of this.devices.entries()) {
      this.network.setGoodConnection(name, this.plan.devices[index]!.hasGoodConnection ? index % REPLICAS : undefined)
    }
    this.story.length = 0
    this.#isFaultFree = false
  }

  async #checkNow(): Promise<void> {
    await this.truth.refresh(this.time.written)
    this.known.conflicts = this.truth.conflicts.map(({ id }) => id)
    this.known.alerts = this.#keysOf('alerts')
    this.known.countLines = this.#keysOf('countLines')
    for (const device of this.devices) checkDevice(this, device)
  }

  /** Checks a device with small pages after each page. */
  async #checkBetweenPages(name: string | undefined): Promise<void> {
    const device = this.devices.find((one) => one.name === name)
    if (!device || device.pageRows > SMALL_PAGE) return
    await this.time.idle()
    await this.truth.refresh(this.time.written)
    checkDevice(this, device)
  }

  #keysOf(kind: string): string[] {
    return this.truth.rows.filter((row) => row.kind === kind).map(({ key }) => key)
  }

  /** Ends all faults. Messages in flight are lost. */
  async #heal(): Promise<void> {
    const { network, devices } = this
    this.#isFaultFree = true
    this.narrate('all faults end')
    this.stage.readReplica.follow()
    for (let lost = network.takeAll(() => true); lost.length > 0; lost = network.takeAll(() => true)) {
      for (const message of lost) {
        if ('answer' in message) message.answer(SILENCE)
        if ('socket' in message) message.socket.cut()
      }
    }
    network.isBusConnected = true
    devices.forEach(({ name }, index) => network.setGoodConnection(name, index % REPLICAS))
    for (const device of devices) await undoFaults(this, device)
    for (let ms = 0; ms < SYNCS_WITHIN_MS; ms += CHECK_EVERY_MS) {
      await this.pass(CHECK_EVERY_MS)
      for (const device of devices) await signInIfAsked(this, device)
      await this.truth.refresh(this.time.written)
      if (devices.every((device) => isSynced(device, this.truth.head.version))) break
    }
    this.#isHealed = true
    await this.#checkNow()
  }

  async #end(): Promise<void> {
    for (const device of this.devices) device.close()
    for (const replica of this.servers.replicas) {
      await replica.ledger.drained()
      replica.crash()
    }
    await this.time.idle()
  }
}

/** Returns true if every tab shows the server's version, reports it, and has no pending mutations. */
export function isSynced({ tabs }: SimulatedDevice, version: number): boolean {
  return tabs.every(({ device, sync }) => {
    const { link: state, busy } = sync.status.value
    return device.pendingCount.value === 0 && device.syncPoint.value.version === version && state === 'online' && !busy
  })
}
