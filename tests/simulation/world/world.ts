// One world: an organisation, its servers and devices, the network between them, and what people did. It lives through a
// plan, checks what must always hold after every step, then heals and checks what must hold at the end.
import 'fake-indexeddb/auto' // before Dexie, which looks for it as it is loaded
import { InvariantViolation } from '../checks/invariant-violation.ts'
import { Browser } from '../device/browser.ts'
import { CHECKS_AT_THE_END } from '../checks/check-end.ts'
import { checkDevice } from '../checks/check-device.ts'
import { comeBack, Actions, record, signInWhereAsked } from '../people/actions.ts'
import { metaOn } from '../device/disk.ts'
import { Intruder } from '../people/intruder.ts'
import { Network, SILENCE } from './network.ts'
import type { Things } from './operations.ts'
import type { SimulatedPerson } from './organisation.ts'
import { makeOrganisation, signIn } from './organisation.ts'
import type { Action, Plan } from '../plan.ts'
import { meanwhile, REPLICAS } from '../plan.ts'
import { Random } from '../random.ts'
import { ServerTruth } from '../checks/server-truth.ts'
import { Servers } from './servers.ts'
import { SimulatedDevice } from '../device/simulated-device.ts'
import type { SimulationStage } from './stage.ts'
import { VirtualTime } from './virtual-time.ts'

/** After the faults everything settles by itself within so long. */
const SETTLES_WITHIN_MS = 180_000
const GLANCE_MS = 2_000
const SMALL_PAGE = 10
/** What flows at one moment: more means that device and server send each other around in circles. */
const MESSAGES_MAX = 1_000

/** A mutation that a person was told is saved. */
export interface Acknowledged {
  id: string
  verb: string
  args: Record<string, unknown>
  device: string
  userId: string
  /** The true time. */
  at: number
}

/** A world may be run again in the same process, and must find nothing of its first run. */
let runs = 0

export class World {
  readonly time: VirtualTime
  readonly stage: SimulationStage
  readonly plan: Plan
  readonly network = new Network()
  readonly browser = new Browser()
  readonly acknowledged = new Map<string, Acknowledged>()
  /** Those that no server can take. */
  readonly poison = new Set<string>()
  /** What happened, in plain sentences. */
  readonly story: string[] = []
  readonly things: Things
  devices: SimulatedDevice[] = []
  people: SimulatedPerson[] = []
  servers!: Servers
  truth!: ServerTruth
  /** Devices that have not heard of the last restore, with the epoch before it. */
  readonly #unaware = new Map<SimulatedDevice, number>()
  readonly #deeds: Actions
  readonly #random: Random
  #intruder: Intruder | undefined
  #isHealed = false
  /** While the world begins, and once it heals, nothing befalls anybody. */
  #isPeaceful = true

  constructor(stage: SimulationStage, plan: Plan) {
    this.stage = stage
    this.plan = plan
    this.time = new VirtualTime(plan.seed)
    this.#random = new Random(plan.seed, 6)
    this.#deeds = new Actions(this)
    const newId = () => this.time.uuid()
    this.things = {
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

  /** Lives through the plan. @throws {InvariantViolation} where something does not hold that must. */
  live(): Promise<void> {
    return this.time.run(async () => {
      const uninstall = this.browser.install()
      try {
        await this.#begin()
        for (const { pauseMs, ...deed } of this.plan.steps) {
          await this.pass(1 + pauseMs)
          await this.#deeds.perform(deed as Action)
          await this.settle()
          await this.#checkNow()
        }
        await this.#heal()
        for (const check of CHECKS_AT_THE_END) await check(this)
      } finally {
        await this.#end()
        uninstall()
      }
    })
  }

  readonly tell = (sentence: string): void => {
    this.story.push(sentence)
  }

  acknowledge(device: SimulatedDevice, { id, verb, args }: Pick<Acknowledged, 'id' | 'verb' | 'args'>): void {
    this.acknowledged.set(id, { id, verb, args, device: device.name, userId: device.person.userId, at: this.time.now })
    this.things.mutations.push(id)
  }

  pass(ms: number): Promise<void> {
    return this.time.pass(ms, () => this.settle())
  }

  /** Until nothing moves any more but by time, or by the plan. */
  async settle(): Promise<void> {
    for (let i = 0; ; i++) {
      if (i > MESSAGES_MAX) throw new InvariantViolation(6, 'devices and servers send each other around in circles')
      await this.time.stillness()
      const outdated = this.devices.flatMap(({ awake }) => awake).find(({ isOutdated }) => isOutdated)
      if (outdated) await outdated.host.reload(outdated)
      else if (this.time.ring()) continue
      else {
        const message = this.network.takeFlowing(this.#random)
        if (!message) return
        const befalls = this.#isPeaceful ? 'nothing' : meanwhile(this.#random)
        await this.servers.deliver(message, { replica: this.network.replicaOf(message), meanwhile: befalls })
        if (message.kind === 'answer' && !this.#isPeaceful) await this.#checkBetweenPages(message.device)
      }
    }
  }

  async intrude(deed: Action & { do: 'intrude' }): Promise<void> {
    this.#intruder ??= await Intruder.enter(this)
    await this.#intruder.intrude(deed)
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

  /** Until it hears of the new epoch, or nothing that it had seen was lost. */
  isUnawareOfRestore(device: SimulatedDevice): boolean {
    const epoch = this.#unaware.get(device)
    if (epoch === undefined) return false
    if (this.#isHealed || (metaOn(device.storage).point?.epoch ?? 0) > epoch) this.#unaware.delete(device)
    return this.#unaware.has(device)
  }

  async #begin(): Promise<void> {
    const { network, stage, tell, time, browser } = this
    const { hasReadReplica, readsAhead: ahead } = this.plan
    await stage.readReplica.begin(time, new Random(this.plan.seed, 7))
    const readReplica = hasReadReplica ? stage.readReplica : undefined
    this.servers = new Servers({ network, stage, tell, time, reads: { readReplica, ahead } })
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
    await this.#found()
  }

  /** A first item and places, made in peace, and first syncs. */
  async #found(): Promise<void> {
    const [first] = this.devices
    this.network.setWeather(first!.name, 0)
    await this.pass(100)
    const verbs = ['item.create', 'item.create', 'location.create', 'location.create', 'category.create']
    for (const verb of verbs)
      await record(this, first!, { do: 'record', device: 0, tab: 0, verb, picks: [0.1, 0.9, 0.6] })
    for (const [index, { name }] of this.devices.entries()) {
      if (!this.plan.devices[index]!.isFresh) this.network.setWeather(name, index % REPLICAS)
    }
    await this.pass(100)
    for (const [index, { name }] of this.devices.entries()) {
      this.network.setWeather(name, this.plan.devices[index]!.isFair ? index % REPLICAS : undefined)
    }
    this.story.length = 0
    this.#isPeaceful = false
  }

  async #checkNow(): Promise<void> {
    await this.truth.refresh(this.time.written)
    this.things.conflicts = this.truth.conflicts.map(({ id }) => id)
    this.things.alerts = this.#keysOf('alerts')
    this.things.countLines = this.#keysOf('countLines')
    for (const device of this.devices) checkDevice(this, device)
  }

  /** What comes in many small pages is looked at after each of them. */
  async #checkBetweenPages(name: string | undefined): Promise<void> {
    const device = this.devices.find((one) => one.name === name)
    if (!device || device.pageRows > SMALL_PAGE) return
    await this.time.stillness()
    await this.truth.refresh(this.time.written)
    checkDevice(this, device)
  }

  #keysOf(kind: string): string[] {
    return this.truth.rows.filter((row) => row.kind === kind).map(({ key }) => key)
  }

  /** Everything works again, and people are there. What was under way is lost. */
  async #heal(): Promise<void> {
    const { network, devices } = this
    this.#isPeaceful = true
    this.tell('everything works again')
    this.stage.readReplica.follow()
    for (let lost = network.takeAll(() => true); lost.length > 0; lost = network.takeAll(() => true)) {
      for (const message of lost) {
        if ('answer' in message) message.answer(SILENCE)
        if ('socket' in message) message.socket.cut()
      }
    }
    network.busFlows = true
    devices.forEach(({ name }, index) => network.setWeather(name, index % REPLICAS))
    for (const device of devices) await comeBack(this, device)
    for (let ms = 0; ms < SETTLES_WITHIN_MS; ms += GLANCE_MS) {
      await this.pass(GLANCE_MS)
      for (const device of devices) await signInWhereAsked(this, device)
      await this.truth.refresh(this.time.written)
      if (devices.every((device) => isSettled(device, this.truth.head.version))) break
    }
    this.#isHealed = true
    await this.#checkNow()
  }

  async #end(): Promise<void> {
    for (const device of this.devices) device.close()
    for (const replica of this.servers.replicas) {
      await replica.ledger.drained()
      replica.die()
    }
    await this.time.stillness()
  }
}

/** Every tab of it shows what the server has, says so, and waits for nothing. */
export function isSettled({ tabs }: SimulatedDevice, version: number): boolean {
  return tabs.every(({ device, sync }) => {
    const { link: state, busy } = sync.status.value
    return device.pendingCount.value === 0 && device.syncPoint.value.version === version && state === 'online' && !busy
  })
}
