// What happens in a step of the plan.
import type { Backup } from '../world/backup.ts'
import { backUp, restore } from '../world/backup.ts'
import { isStorageFailure } from '../../../client/device/storage/storage-failure.ts'
import { isFull, metaOn } from '../device/disk.ts'
import type { Message } from '../world/network.ts'
import { describe, SILENCE } from '../world/network.ts'
import { makeArgs, makePoison } from '../world/operations.ts'
import type { SimulatedPerson } from '../world/organisation.ts'
import { signIn } from '../world/organisation.ts'
import type { Action, RecordStep } from '../plan.ts'
import { postedBy } from '../checks/reference-model.ts'
import { isPush } from '../world/servers.ts'
import type { SimulatedDevice } from '../device/simulated-device.ts'
import type { World } from '../world/world.ts'

const DEVICES_MAX = 6
const BACKUP_AGE_MS = 86_400_000
/** Longer than this nobody stays awake: the devices sleep for the rest of the time. */
const AWAKE_MAX_MS = 60_000

/** Undoes what the plan did to a device and its people: a person is there again, and signs in where they are asked to. */
export async function comeBack(world: World, device: SimulatedDevice): Promise<void> {
  device.fillDisk(false)
  for (const tab of device.tabs) tab.agent.thaw()
  await world.settle()
  const tab = await device.tabInSight()
  if (device.person.disabled) await enable(world, device.person)
  if (metaOn(device.storage).paused) await workOffline(world, device, { tab: 0, isPaused: false })
  await tab.agent.run(() => tab.device.queue.retrySkipped())
}

/** Somebody who is asked to sign in does. */
export async function signInWhereAsked(world: World, device: SimulatedDevice): Promise<void> {
  const asks = device.awake.findIndex(({ sync }) => ['signed_out', 'revoked'].includes(sync.status.value.link))
  if (asks >= 0) await comeIn(world, device, asks)
}

export class Actions {
  readonly #world: World
  #backup: (Backup & { at: number; people: Pick<SimulatedPerson, 'role' | 'disabled'>[] }) | undefined

  constructor(world: World) {
    this.#world = world
  }

  async perform(deed: Action): Promise<void> {
    const world = this.#world
    const { network, time, servers } = world
    switch (deed.do) {
      case 'record':
        return record(world, device(world, deed.device), deed)
      case 'sync': {
        const tab = await device(world, deed.device).tabInSight(deed.tab)
        world.tell(`the person at ${tab.agent.name} wants to synchronise`)
        return tab.agent.run(() => tab.sync.syncNow())
      }
      case 'hint': {
        const { name, tabs } = device(world, deed.device)
        world.tell(`the browser of ${name} believes that the network is back`)
        for (const { agent } of tabs) world.browser.hint(agent)
        return undefined
      }
      case 'deliver':
        return servers.deliver(network.take(deed.message), deed)
      case 'deliver together':
        return servers.deliverTogether(deed.replica)
      case 'lose':
        return lose(world, network.take(deed.message))
      case 'copy':
        return copy(world, deed.message)
      case 'proxy refuses': {
        const message = network.take(deed.message, ({ kind }) => kind === 'request')
        if (message?.kind !== 'request') return undefined
        world.tell(`a proxy answers ${deed.refusal} to ${describe(message)}`)
        return message.answer({ ok: false, refusal: deed.refusal, retryAfterMs: 2_000 })
      }
      case 'wait': {
        world.tell(`${deed.ms} ms pass`)
        await world.pass(Math.min(deed.ms, AWAKE_MAX_MS))
        return time.sleep(Math.max(0, deed.ms - AWAKE_MAX_MS))
      }
      case 'restart server':
        world.tell(`server ${deed.replica + 1} is restarted`)
        return servers.restart(deed.replica)
      case 'rush':
        return rush(world, deed.replica)
      case 'back up':
        return this.#backUp()
      case 'restore':
        return this.#restore(deed.isDeclared)
      case 'set role':
        return setRole(world, person(world, deed.person), deed.role)
      case 'disable':
        return disable(world, person(world, deed.person))
      case 'bus':
        network.busFlows = deed.flows
        return world.tell(deed.flows ? 'the servers hear each other' : 'the servers do not hear each other')
      case 'intrude':
        return world.intrude(deed)
      case 'good connection':
      case 'bad connection':
      case 'set clock':
      case 'device dies':
      case 'poison':
      case 'clone':
      case 'open tab':
      case 'close tab':
      case 'freeze tab':
      case 'thaw tab':
      case 'disk':
      case 'delete storage':
      case 'cut socket':
      case 'deafen socket':
      case 'wake service worker':
      case 'work offline':
      case 'end session':
      case 'sign in':
        return onDevice(world, device(world, deed.device), deed)
    }
  }

  async #backUp(): Promise<void> {
    const { people, stage, time } = this.#world
    const { orgId } = people[0]!
    const roles = people.map(({ role, disabled }) => ({ role, disabled }))
    this.#backup = { ...(await backUp(stage.owner, orgId)), at: time.now, people: roles }
    this.#world.tell('the database is backed up')
  }

  /** A backup of yesterday, at most: what devices sent in the week before the loss is theirs to send again. */
  async #restore(isDeclared: boolean): Promise<void> {
    const { people, servers, stage, time, truth } = this.#world
    const backup = this.#backup
    if (!backup || time.now - backup.at > BACKUP_AGE_MS) return
    if (this.#world.devices.some(({ deletedAt }) => deletedAt >= backup.at)) return // both would lose the same
    const { orgId } = people[0]!
    const { epoch } = truth.head
    await restore(stage.owner, orgId, backup)
    // A replica of a history that is gone is made anew, if somebody knows.
    if (isDeclared) await stage.readReplica.catchUp()
    truth.forget()
    people.forEach((one, index) => {
      one.changed ||= one.role !== backup.people[index]!.role
      Object.assign(one, backup.people[index])
    })
    this.#world.noteRestore(epoch)
    this.#world.tell(`the database is restored from the backup${isDeclared ? '' : ', and nobody says so'}`)
    if (isDeclared) await servers.replicas[0]!.ledger.beginEpoch(orgId, {})
  }
}

type DeviceDeed = Exclude<Extract<Action, { device: number }>, { do: 'record' | 'sync' | 'hint' }>

async function onDevice(world: World, device: SimulatedDevice, deed: DeviceDeed): Promise<void> {
  const { name, network } = device
  switch (deed.do) {
    case 'good connection':
      network.setWeather(name, deed.replica)
      return world.tell(`${name} has a good connection to server ${deed.replica + 1}`)
    case 'bad connection':
      network.setWeather(name, undefined)
      return world.tell(`${name} has a bad connection`)
    case 'set clock':
      device.skewMs = deed.skewMs
      return world.tell(`the clock of ${name} is set to ${deed.skewMs} ms beside the truth`)
    case 'device dies':
      return kill(world, device, deed.turns)
    case 'poison':
      return poison(world, device, deed.kind)
    case 'clone':
      return clone(world, device)
    case 'open tab': {
      const tab = await device.openTab()
      return tab && world.tell(`${tab.agent.name} is opened`)
    }
    case 'close tab': {
      const tab = device.tabs[deed.tab % Math.max(1, device.tabs.length)]
      if (!tab) return undefined
      world.tell(`${tab.agent.name} is closed`)
      return device.closeTab(tab)
    }
    case 'freeze tab': {
      const leader = deed.isLeader ? device.awake.find(({ leads }) => leads) : undefined
      const tab = leader ?? device.awake[deed.tab % Math.max(1, device.awake.length)]
      if (!tab) return undefined
      if (leader) tab.agent.run(() => tab.sync.syncNow()) // in the middle of something
      await world.time.stillness()
      tab.agent.freeze()
      world.tell(`${tab.agent.name} is frozen`)
      return world.pass(deed.ms)
    }
    case 'thaw tab': {
      const tab = device.tabs.filter(({ agent }) => agent.isFrozen)[0]
      tab?.agent.thaw()
      return tab && world.tell(`${tab.agent.name} is thawed`)
    }
    case 'disk':
      device.fillDisk(deed.isFull)
      return world.tell(`the disk of ${name} ${deed.isFull ? 'is full' : 'has room'}`)
    case 'delete storage':
      if (world.isUnawareOfRestore(device)) return undefined // what the server lost would be lost here, too
      return (await device.deleteStorage()) ? world.tell(`the storage of ${name} is deleted under its tabs`) : undefined
    case 'cut socket':
    case 'deafen socket': {
      const [socket] = device.tabs.flatMap(({ openSockets }) => openSockets)
      if (!socket) return undefined
      world.tell(deed.do === 'cut socket' ? `the socket of ${name} is cut` : `the socket of ${name} hears nothing more`)
      return deed.do === 'cut socket' ? socket.cut() : socket.goDeaf()
    }
    case 'wake service worker':
      if (deed.isClosed) for (const tab of device.tabs) await device.closeTab(tab)
      world.tell(`the service worker of ${name} is woken${deed.isClosed ? ', with no tab open' : ''}`)
      return device.wakeServiceWorker()
    case 'work offline':
      if (isFull(device.storage)) return undefined // such a wish is kept for as long as its tab is
      return workOffline(world, device, deed)
    case 'end session':
      return endSession(world, device)
    case 'sign in':
      return device.person.disabled ? undefined : comeIn(world, device, deed.tab)
  }
}

function device({ devices }: World, number: number): SimulatedDevice {
  return devices[number % devices.length]!
}

function person({ people }: World, number: number): SimulatedPerson {
  return people[number % people.length]!
}

export async function record(world: World, device: SimulatedDevice, step: RecordStep): Promise<void> {
  const { things } = world
  const own = [...world.acknowledged.values()]
    .filter(
      (acknowledged) => acknowledged.device === device.name && postedBy(acknowledged.verb, acknowledged.args ?? {}),
    )
    .map(({ id }) => id)
  const args = makeArgs(step, { ...things, mutations: own.length > 0 ? own : things.mutations })
  if (!args) return
  const tab = await device.tabInSight(step.tab)
  if (step.dies !== undefined) {
    world.tell(`${device.name} dies while ${step.verb} ${JSON.stringify(args)} is recorded`)
    device.record(step.verb, args, tab).then(
      (result) => result.saved && world.acknowledge(device, { id: result.id, verb: step.verb, args }),
      () => undefined,
    )
    await kill(world, device, step.dies)
    return
  }
  const result = await device.record(step.verb, args, tab).catch((error: unknown) => {
    if (!isStorageFailure(error) || !isFull(device.storage)) throw error
  })
  if (!result) return world.tell(`${tab.agent.name} says that ${step.verb} is not saved: its disk is full`)
  if (!result.saved) return world.tell(`${tab.agent.name} declines ${step.verb}: ${result.refusal.code}`)
  world.tell(`${tab.agent.name} saves ${step.verb} ${JSON.stringify(args)} as ${result.id}`)
  world.acknowledge(device, { id: result.id, verb: step.verb, args })
}

/** What a device kept though nobody was told: it died between the two. */
async function kill(world: World, device: SimulatedDevice, turns: number): Promise<void> {
  await world.time.turns(turns)
  await device.die()
  world.tell(`${device.name} died and was started again`)
  for (const { envelope } of device.outbox()) {
    const { id, name, args } = envelope
    if (!world.acknowledged.has(id))
      world.acknowledge(device, { id, verb: name, args: args as Record<string, unknown> })
  }
}

function lose(world: World, message: Message | undefined): void {
  if (!message) return
  world.tell(`${describe(message)} is lost`)
  if ('answer' in message) message.answer(SILENCE)
  if (message.kind === 'frame') message.socket.cut() // a socket loses nothing but all that comes after, too
}

function copy({ network, tell }: World, pick: number): void {
  const message = network.take(pick, (one) => 'answer' in one)
  if (!message) return
  network.putBack(message)
  network.putBack({ ...message, key: network.key(`${message.key}, again`) })
  tell(`${describe(message)} is doubled on its way`)
}

async function rush(world: World, replica: number): Promise<void> {
  world.tell('everybody synchronises at one moment, and two have put something on one shelf')
  for (const device of world.devices.slice(0, 2)) {
    world.network.setWeather(device.name, undefined)
    await record(world, device, { do: 'record', device: 0, tab: 0, verb: 'stock.receive', picks: [0] })
  }
  for (const { awake } of world.devices) for (const { agent, sync } of awake) agent.run(() => sync.syncNow())
  await world.time.stillness()
  await world.servers.deliver(world.network.take(0, isPush), { replica, meanwhile: 'another push' })
}

async function poison(world: World, device: SimulatedDevice, kind: number): Promise<void> {
  if (isFull(device.storage)) return
  const { name, args } = makePoison(kind, world.things)
  const id = world.time.uuid()
  await device.slip({ id, name, args })
  world.poison.add(id)
  world.acknowledge(device, { id, verb: name, args: args as Record<string, unknown> })
  world.tell(`${device.name} has a poisonous ${name} in its outbox, ${id}`)
}

async function clone(world: World, device: SimulatedDevice): Promise<void> {
  if (world.devices.length >= DEVICES_MAX) return
  const name = `device ${world.devices.length + 1}`
  const made = await device.clone(name)
  world.devices.push(made)
  world.noteClone(device, made)
  world.tell(`${name} is a copy of ${device.name}, with all that waits there`)
}

async function setRole(world: World, person: SimulatedPerson, role: SimulatedPerson['role']): Promise<void> {
  person.role = role
  person.changed = true
  await world.servers.replicas[0]!.accounts.updateMember(person.orgId, person.userId, { id: person.userId, role })
  world.tell(`${person.name} is ${role} from now on`)
}

async function disable(world: World, person: SimulatedPerson): Promise<void> {
  if (person.disabled) return enable(world, person)
  person.disabled = true
  await world.servers.replicas[0]!.accounts.updateMember(person.orgId, person.userId, {
    id: person.userId,
    disabled: true,
  })
  world.tell(`${person.name} may no longer work here`)
}

async function enable(world: World, person: SimulatedPerson): Promise<void> {
  person.disabled = false
  await world.servers.replicas[0]!.accounts.updateMember(person.orgId, person.userId, {
    id: person.userId,
    disabled: false,
  })
  world.tell(`${person.name} may work here again`)
}

async function endSession(world: World, device: SimulatedDevice): Promise<void> {
  await world.servers.replicas[0]!.accounts.logout(device.cookie.text)
  world.tell(`the session of ${device.name} is ended`)
}

/** A person signs in, in the tab that they look at. */
async function comeIn(world: World, device: SimulatedDevice, number: number): Promise<void> {
  const tab = await device.tabInSight(number)
  const { refreshToken, signedIn } = await signIn(world.servers.replicas[0]!.accounts, device.person)
  device.cookie.text = refreshToken
  world.tell(`${device.person.name} signs in at ${tab.agent.name}`)
  device.becomes(signedIn.user.role)
  tab.agent.run(() => tab.session.signedIn())
}

async function workOffline(
  world: World,
  device: SimulatedDevice,
  { tab: number, isPaused }: { tab: number; isPaused: boolean },
): Promise<void> {
  const tab = await device.tabInSight(number)
  world.tell(`the person at ${tab.agent.name} ${isPaused ? 'works offline' : 'goes online'}`)
  device.mustBeSilent = false
  tab.agent.run(() => tab.sync.setOffline(isPaused))
  await world.time.stillness()
  device.mustBeSilent = isPaused && device.tabs.every(({ agent }) => !agent.isFrozen)
}
