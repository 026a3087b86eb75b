// One world: an organisation, its servers and devices, the network between them, and what people did. It lives through a
// plan, checks what must always hold after every step, then heals and checks what must hold at the end.
import type { Backup } from './backup.ts'
import { backUp, restore } from './backup.ts'
import { CHECKS_AT_THE_END, checkDevice } from './check.ts'
import type { Message, Request } from './network.ts'
import { describe, Network, SILENCE } from './network.ts'
import { makeArgs, makePoison } from './operations.ts'
import type { Things } from './operations.ts'
import type { Person } from './organisation.ts'
import { makeOrganisation } from './organisation.ts'
import type { Meanwhile, Plan, RecordStep, Step } from './plan.ts'
import { REPLICAS } from './plan.ts'
import { postedBy } from './reference-model.ts'
import { Replica } from './replica.ts'
import { ServerTruth } from './server-truth.ts'
import { SimulatedDevice } from './simulated-device.ts'
import type { Stage } from './stage.ts'
import { VirtualTime } from './virtual-time.ts'

/** Rounds of a good connection in which everything has to settle. */
const ROUNDS_TO_SETTLE = 4
const DEVICES_MAX = 6
const BACKUP_AGE_MS = 86_400_000
/** Messages of one good connection: more means that device and server send each other around in circles. */
const MESSAGES_MAX = 400

/** A mutation that a person was told is saved. */
export interface Said {
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
  readonly stage: Stage
  readonly plan: Plan
  readonly network = new Network()
  readonly said = new Map<string, Said>()
  /** Those that no server can take. */
  readonly poison = new Set<string>()
  /** What happened, in plain sentences. */
  readonly story: string[] = []
  readonly things: Things
  /** How long a push was under way at most. */
  longestWay = 0
  devices: SimulatedDevice[] = []
  replicas: Replica[] = []
  people: Person[] = []
  truth!: ServerTruth
  #backup: (Backup & { at: number; people: Person['role'][] }) | undefined
  /** Devices that have not heard of the last restore, with the epoch before it. */
  readonly #unaware = new Map<SimulatedDevice, number>()
  #isHealed = false

  constructor(stage: Stage, plan: Plan) {
    this.stage = stage
    this.plan = plan
    this.time = new VirtualTime(plan.seed)
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

  /** Lives through the plan. @throws {Broken} where something does not hold that must. */
  live(): Promise<void> {
    return this.time.run(async () => {
      try {
        await this.#begin()
        for (const step of this.plan.steps) {
          this.time.now += 1
          await this.#perform(step)
          await this.time.stillness()
          await this.#checkNow()
        }
        await this.#heal()
        for (const check of CHECKS_AT_THE_END) await check(this)
      } finally {
        await this.#end()
      }
    })
  }

  tell(sentence: string): void {
    this.story.push(sentence)
  }

  async #begin(): Promise<void> {
    for (let i = 0; i < REPLICAS; i++) this.#startReplica(i)
    const { database, ledger } = this.replicas[0]!
    const uuid = () => this.time.uuid()
    const people = this.plan.devices.map(({ role }, index) => ({ name: `person ${index + 1}`, role }))
    this.people = await makeOrganisation({ database, ledger, uuid }, { name: 'The shop', people })
    this.truth = new ServerTruth(this.stage.owner, this.people[0]!.orgId)
    const run = (runs += 1)
    this.devices = this.plan.devices.map(({ skewMs, role, pageRows }, index) => {
      const person = this.people[index]!
      const { time, network } = this
      const seed = this.plan.seed * 16 + index
      return new SimulatedDevice({
        name: `device ${index + 1}`,
        storage: `${uuid()}-${run}`,
        person,
        role,
        skewMs,
        pageRows,
        seed,
        time,
        network,
      })
    })
    for (const device of this.devices) await device.open()
    await this.#found()
  }

  /** A first item and places, made in peace, and first syncs. */
  async #found(): Promise<void> {
    const [first] = this.devices
    await this.#connect(first!, { replica: 0 })
    const steps = ['item.create', 'item.create', 'location.create', 'location.create', 'category.create']
    for (const verb of steps) await this.#record(first!, { do: 'record', device: 0, verb, picks: [0.1, 0.9, 0.6] })
    for (const [index, device] of this.devices.entries()) {
      if (!this.plan.devices[index]!.isFresh) await this.#connect(device, { replica: 0 })
    }
    this.story.length = 0
  }

  async #perform(step: Step): Promise<void> {
    switch (step.do) {
      case 'record':
        return this.#record(this.#device(step.device), step)
      case 'sync':
        this.tell(`${this.#device(step.device).name} begins to synchronise`)
        return this.#device(step.device).beginExchange()
      case 'deliver':
        return this.#deliver(this.network.take(step.message), step)
      case 'deliver together':
        return this.#deliverTogether(step.replica)
      case 'good connection':
        this.tell(`${this.#device(step.device).name} has a good connection to server ${step.replica + 1} for a while`)
        return this.#connect(this.#device(step.device), step)
      case 'lose':
        return this.#lose(this.network.take(step.message))
      case 'copy': {
        const message = this.network.take(step.message)
        if (!message) return undefined
        this.network.putBack(message)
        this.network.putBack({ ...message })
        return this.tell(`${describe(message)} is doubled on its way`)
      }
      case 'proxy refuses': {
        const message = this.network.take(step.message, ({ kind }) => kind === 'request')
        if (!message) return undefined
        this.tell(`a proxy answers ${step.refusal} to ${describe(message)}`)
        return message.answer({ ok: false, refusal: step.refusal, retryAfterMs: 2_000 })
      }
      case 'wait':
        this.time.now += step.ms
        return this.tell(`${step.ms} ms pass`)
      case 'set clock':
        this.#device(step.device).skewMs = step.skewMs
        return this.tell(`the clock of ${this.#device(step.device).name} is set to ${step.skewMs} ms beside the truth`)
      case 'device dies':
        return this.#kill(this.#device(step.device), step.turns)
      case 'restart server':
        this.tell(`server ${step.replica + 1} is restarted`)
        return this.#restart(step.replica)
      case 'rush':
        return this.#rush(step.replica)
      case 'poison':
        return this.#poison(this.#device(step.device), step.kind)
      case 'clone':
        return this.#clone(this.#device(step.device))
      case 'back up':
        return this.#backUp()
      case 'restore':
        return this.#restore(step.isDeclared)
      case 'set role':
        return this.#setRole(this.people[step.person % this.people.length]!, step.role)
    }
  }

  async #rush(replica: number): Promise<void> {
    this.tell('everybody synchronises at one moment')
    for (const device of this.devices) device.beginExchange()
    await this.time.stillness()
    const push = this.network.take(0, ({ kind, path }) => kind === 'request' && path === 'push')
    await this.#deliver(push, { replica, meanwhile: 'another push' })
  }

  async #poison(device: SimulatedDevice, kind: number): Promise<void> {
    const { name, args } = makePoison(kind, this.things)
    const id = this.time.uuid()
    await device.slip({ id, name, args })
    this.poison.add(id)
    this.#say(device, { id, verb: name, args: args as Record<string, unknown> })
    this.tell(`${device.name} has a poisonous ${name} in its outbox, ${id}`)
  }

  async #clone(device: SimulatedDevice): Promise<void> {
    if (this.devices.length >= DEVICES_MAX) return
    const name = `device ${this.devices.length + 1}`
    const copy = await device.clone(name)
    this.devices.push(copy)
    const epoch = this.#unaware.get(device)
    if (epoch !== undefined) this.#unaware.set(copy, epoch)
    this.tell(`${name} is a copy of ${device.name}, with all that waits there`)
  }

  async #setRole(person: Person, role: Person['role']): Promise<void> {
    person.role = role
    person.changed = true
    await this.replicas[0]!.accounts.updateMember(person.orgId, person.userId, { id: person.userId, role })
    this.tell(`${person.name} is ${role} from now on`)
  }

  #device(number: number): SimulatedDevice {
    return this.devices[number % this.devices.length]!
  }

  async #record(device: SimulatedDevice, step: RecordStep): Promise<void> {
    const own = [...this.said.values()]
      .filter((said) => said.device === device.name && postedBy(said.verb, said.args ?? {}))
      .map(({ id }) => id)
    const args = makeArgs(step, { ...this.things, mutations: own.length > 0 ? own : this.things.mutations })
    if (!args) return
    if (step.dies !== undefined) {
      this.tell(`${device.name} dies while ${step.verb} ${JSON.stringify(args)} is recorded`)
      device.record(step.verb, args).then(
        (recorded) => recorded.saved && this.#say(device, { id: recorded.id, verb: step.verb, args }),
        () => undefined,
      )
      await this.#kill(device, step.dies)
      return
    }
    const recorded = await device.record(step.verb, args)
    if (!recorded.saved) return this.tell(`${device.name} declines ${step.verb}: ${recorded.refusal.code}`)
    this.tell(`${device.name} saves ${step.verb} ${JSON.stringify(args)} as ${recorded.id}`)
    this.#say(device, { id: recorded.id, verb: step.verb, args })
  }

  #say(device: SimulatedDevice, { id, verb, args }: Pick<Said, 'id' | 'verb' | 'args'>): void {
    this.said.set(id, { id, verb, args, device: device.name, userId: device.person.userId, at: this.time.now })
    this.things.mutations.push(id)
  }

  /** What a device kept though nobody was told: it died between the two. */
  async #kill(device: SimulatedDevice, turns: number): Promise<void> {
    await this.time.turns(turns)
    await device.die()
    this.tell(`${device.name} died and was started again`)
    for (const { envelope } of await device.outbox()) {
      const { id, name, args } = envelope
      if (!this.said.has(id)) this.#say(device, { id, verb: name, args: args as Record<string, unknown> })
    }
  }

  async #connect(device: SimulatedDevice, { replica }: { replica: number }): Promise<void> {
    if (!device.isExchanging) device.beginExchange()
    await this.time.stillness()
    for (let i = 0; device.isExchanging; i++) {
      if (i > MESSAGES_MAX) throw new Error(`${device.name} does not come to an end of its exchange`)
      const message = this.network.take(0, (one) => one.device === device.name)
      if (!message) throw new Error(`${device.name} waits for nothing`)
      await this.#deliver(message, { replica, meanwhile: 'nothing' })
      await this.time.stillness()
    }
  }

  #lose(message: Message | undefined): void {
    if (!message) return
    this.tell(`${describe(message)} is lost`)
    message.answer(SILENCE)
  }

  async #deliver(
    message: Message | undefined,
    { replica: index, meanwhile }: { replica: number; meanwhile: Meanwhile },
  ): Promise<void> {
    if (!message) return
    if (message.kind === 'answer') {
      this.tell(`${describe(message)} arrives`)
      message.answer(message.reply)
      return
    }
    this.longestWay = Math.max(this.longestWay, this.time.now - message.sentAt)
    const replica = this.replicas[index]!
    const befalls = message.path === 'push' ? meanwhile : 'nothing'
    if (befalls !== 'nothing') this.#arrange(befalls, index)
    const reply = await replica.serve(message)
    replica.database.beforeCommit = undefined
    replica.database.afterCommit = undefined
    await this.time.stillness()
    this.tell(
      `${describe(message)} reaches server ${index + 1}${befalls === 'nothing' ? '' : ` (meanwhile: ${befalls})`}: ${
        reply.ok ? 'answered' : (reply.refusal ?? 'no answer')
      }`,
    )
    this.network.reply(message, reply)
  }

  async #deliverTogether(index: number): Promise<void> {
    const pushes = this.network.takeAll(({ kind, path }) => kind === 'request' && path === 'push') as Request[]
    for (const { sentAt } of pushes) this.longestWay = Math.max(this.longestWay, this.time.now - sentAt)
    if (pushes.length > 0) this.tell(`${pushes.map(describe).join(' and ')} reach server ${index + 1} at once`)
    const replies = await Promise.all(pushes.map((push) => this.replicas[index]!.serve(push)))
    pushes.forEach((push, i) => this.network.reply(push, replies[i]!))
  }

  /** Makes something happen inside the next transaction of a replica. */
  #arrange(meanwhile: Meanwhile, index: number): void {
    const { database } = this.replicas[index]!
    if (meanwhile === 'killed after commit') {
      database.afterCommit = () => {
        this.#restart(index)
        throw new Error('killed')
      }
      return
    }
    database.beforeCommit = async ({ sql }) => {
      database.beforeCommit = undefined
      if (meanwhile === 'a pull') return this.#pullMeanwhile(index)
      if (meanwhile === 'another push') return this.#pushMeanwhile(index)
      const [{ pid } = { pid: 0 }] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
      if (meanwhile === 'server killed') this.#restart(index)
      await this.#terminate(pid)
    }
  }

  async #pullMeanwhile(index: number): Promise<void> {
    const pull = this.network.take(0, ({ kind, path }) => kind === 'request' && path === 'pull') as Request | undefined
    if (!pull) return
    const reply = await this.replicas[(index + 1) % REPLICAS]!.serve(pull)
    this.tell(`${describe(pull)} is served by the other server`)
    this.network.reply(pull, reply)
  }

  /** Another server has to wait for the lock, until this one has committed. */
  async #pushMeanwhile(index: number): Promise<void> {
    const push = this.network.take(0, ({ kind, path }) => kind === 'request' && path === 'push') as Request | undefined
    if (!push) return
    this.longestWay = Math.max(this.longestWay, this.time.now - push.sentAt)
    let served = false
    void this.replicas[(index + 1) % REPLICAS]!.serve(push).then((reply) => {
      served = true
      this.network.reply(push, reply)
    })
    this.tell(`${describe(push)} waits at the other server`)
    while (!served && !(await this.#isSomebodyWaiting())) await this.time.turns(1)
  }

  async #isSomebodyWaiting(): Promise<boolean> {
    const [row] = await this.stage.owner<{ waits: boolean }[]>`
      select exists (select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock') as waits`
    return row!.waits
  }

  async #terminate(pid: number): Promise<void> {
    const { owner } = this.stage
    await owner`select pg_terminate_backend(${pid})`
    while ((await owner`select from pg_stat_activity where pid = ${pid}`).length > 0) await this.time.turns(1)
  }

  #restart(index: number): void {
    this.replicas[index]!.die()
    this.stage.replace(index)
    this.#startReplica(index)
  }

  #startReplica(index: number): void {
    const database = this.stage.database(index)
    database.beforeCommit = undefined
    database.afterCommit = undefined
    this.replicas[index] = new Replica({ database, time: this.time, publish: () => undefined })
  }

  async #checkNow(): Promise<void> {
    await this.truth.refresh(this.time.worked)
    this.things.conflicts = this.truth.conflicts.map(({ id }) => id)
    this.things.alerts = this.#keysOf('alerts')
    this.things.countLines = this.#keysOf('countLines')
    for (const device of this.devices) await checkDevice(this, device)
  }

  #keysOf(kind: string): string[] {
    return this.truth.rows.filter((row) => row.kind === kind).map(({ key }) => key)
  }

  async #backUp(): Promise<void> {
    const { orgId } = this.people[0]!
    this.#backup = {
      ...(await backUp(this.stage.owner, orgId)),
      at: this.time.now,
      people: this.people.map(({ role }) => role),
    }
    this.tell('the database is backed up')
  }

  /** A backup of yesterday, at most: what devices sent in the week before the loss is theirs to send again. */
  async #restore(isDeclared: boolean): Promise<void> {
    const backup = this.#backup
    if (!backup || this.time.now - backup.at > BACKUP_AGE_MS) return
    const { orgId } = this.people[0]!
    const epoch = this.truth.head.epoch
    await restore(this.stage.owner, orgId, backup)
    this.truth.forget()
    this.people.forEach((person, index) => {
      person.changed ||= person.role !== backup.people[index]
      person.role = backup.people[index]!
    })
    for (const device of this.devices) this.#unaware.set(device, Math.max(epoch, device.device.point.value.epoch))
    this.tell(`the database is restored from the backup${isDeclared ? '' : ', and nobody says so'}`)
    if (isDeclared) await this.replicas[0]!.ledger.beginEpoch(orgId, {})
  }

  /** Until it hears of the new epoch, or nothing that it had seen was lost. */
  isUnawareOfRestore(device: SimulatedDevice): boolean {
    const epoch = this.#unaware.get(device)
    if (epoch === undefined) return false
    const point = device.device.point.value
    if (this.#isHealed || point.epoch > epoch) this.#unaware.delete(device)
    return this.#unaware.has(device)
  }

  /** Everything works again. What was under way is lost. */
  async #heal(): Promise<void> {
    this.tell('everything works again')
    for (const message of this.network.takeAll(() => true)) message.answer(SILENCE)
    await this.time.stillness()
    for (let round = 0; round < ROUNDS_TO_SETTLE; round++) {
      this.#isHealed = round === ROUNDS_TO_SETTLE - 1
      for (const device of this.devices) {
        this.time.now += 1_000
        await device.device.bringBack()
        await this.#connect(device, { replica: round % REPLICAS })
        if (device.failure !== undefined)
          this.tell(`the exchange of ${device.name} ended with ${String(device.failure)}`)
      }
      await this.#checkNow()
      if (this.devices.every((device) => isSettled(device, this.truth.head.version))) break
    }
    this.#isHealed = true
  }

  async #end(): Promise<void> {
    for (const device of this.devices) device.device?.close()
    for (const replica of this.replicas) await replica.ledger.drained()
    await this.time.stillness()
  }
}

function isSettled({ device }: SimulatedDevice, version: number): boolean {
  return device.pendingCount.value === 0 && device.point.value.version === version
}
