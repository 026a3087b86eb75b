// Performs the actions of a plan.
import type { Backup } from '../world/backup.ts'
import { backUp, restore } from '../world/backup.ts'
import { isStorageFailure } from '../../../client/device/storage/storage-failure.ts'
import { isFull, metaOn } from '../device/disk.ts'
import type { Message } from '../world/network.ts'
import { describe, SILENCE } from '../world/network.ts'
import { makeArgs, makePoison } from '../world/mutation-args.ts'
import type { SimulatedPerson } from '../world/organisation.ts'
import { signIn } from '../world/organisation.ts'
import type { Action, RecordStep } from '../plan.ts'
import { postedBy } from '../checks/reference-model.ts'
import { isPush } from '../world/servers.ts'
import type { SimulatedDevice } from '../device/simulated-device.ts'
import type { World } from '../world/world.ts'

const DEVICES_MAX = 6
const BACKUP_AGE_MS = 86_400_000
/** Devices are awake for at most this long. They sleep for the rest of a wait. */
const AWAKE_MAX_MS = 60_000

/** Undoes the faults of a device and its user: the tabs are thawed, the user may work again and is online. */
export async function undoFaults(world: World, device: SimulatedDevice): Promise<void> {
  device.fillDisk(false)
  for (const tab of device.tabs) tab.agent.thaw()
  await world.runUntilIdle()
  const tab = await device.visibleTab()
  if (device.person.disabled) await enable(world, device.person)
  if (metaOn(device.storage).paused) await workOffline(world, device, { tab: 0, isPaused: false })
  await tab.agent.run(() => tab.device.queue.retrySkipped())
}

/** A user who is asked to sign in does so. */
export async function signInIfAsked(world: World, device: SimulatedDevice): Promise<void> {
  const asks = device.awake.findIndex(({ sync }) => ['signed_out', 'revoked'].includes(sync.status.value.link))
  if (asks >= 0) await signInAt(world, device, asks)
}

export class Actions {
  readonly #world: World
  #backup: (Backup & { at: number; people: Pick<SimulatedPerson, 'role' | 'disabled'>[] }) | undefined

  constructor(world: World) {
    this.#world = world
  }

  async perform(action: Action): Promise<void> {
    const world = this.#world
    const { network, time, servers } = world
    switch (action.do) {
      case 'record':
        return record(world, device(world, action.device), action)
      case 'sync': {
        const tab = await device(world, action.device).visibleTab(action.tab)
        world.narrate(`the user of ${tab.agent.name} asks for a sync`)
        return tab.agent.run(() => tab.sync.syncNow())
      }
      case 'hint': {
        const { name, tabs } = device(world, action.device)
        world.narrate(`the browser of ${name} reports that the network is back`)
        for (const { agent } of tabs) world.browser.fireOnline(agent)
        return undefined
      }
      case 'deliver':
        return servers.deliver(network.take(action.message), action)
      case 'deliver together':
        return servers.deliverTogether(action.replica)
      case 'lose':
        return lose(world, network.take(action.message))
      case 'copy':
        return copy(world, action.message)
      case 'proxy refuses': {
        const message = network.take(action.message, ({ kind }) => kind === 'request')
        if (message?.kind !== 'request') return undefined
        world.narrate(`a proxy answers ${action.refusal} to ${describe(message)}`)
        return message.answer({ ok: false, refusal: action.refusal, retryAfterMs: 2_000 })
      }
      case 'wait': {
        world.narrate(`${action.ms} ms pass`)
        await world.pass(Math.min(action.ms, AWAKE_MAX_MS))
        return time.sleep(Math.max(0, action.ms - AWAKE_MAX_MS))
      }
      case 'restart server':
        world.narrate(`server ${action.replica + 1} is restarted`)
        return servers.restart(action.replica)
      case 'rush':
        return rush(world, action.replica)
      case 'back up':
        return this.#backUp()
      case 'restore':
        return this.#restore(action.isDeclared)
      case 'set role':
        return setRole(world, person(world, action.person), action.role)
      case 'disable':
        return disable(world, person(world, action.person))
      case 'bus':
        network.isBusConnected = action.flows
        return world.narrate(
          action.flows
            ? 'the servers receive notices from each other'
            : 'the servers do not receive notices from each other',
        )
      case 'intrude':
        return world.intrude(action)
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
      case 'half-open socket':
      case 'wake service worker':
      case 'work offline':
      case 'end session':
      case 'sign in':
        return onDevice(world, device(world, action.device), action)
    }
  }

  async #backUp(): Promise<void> {
    const { people, stage, time } = this.#world
    const { orgId } = people[0]!
    const roles = people.map(({ role, disabled }) => ({ role, disabled }))
    this.#backup = { ...(await backUp(stage.owner, orgId)), at: time.now, people: roles }
    this.#world.narrate('the database is backed up')
  }

  /** Restores a backup that is at most a day old, because devices send the mutations of the last week again. */
  async #restore(isDeclared: boolean): Promise<void> {
    const { people, servers, stage, time, truth } = this.#world
    const backup = this.#backup
    if (!backup || time.now - backup.at > BACKUP_AGE_MS) return
    if (this.#world.devices.some(({ deletedAt }) => deletedAt >= backup.at)) return // both sides would lose the same mutations
    const { orgId } = people[0]!
    const { epoch } = truth.head
    await restore(stage.owner, orgId, backup)
    // A read replica of the lost history is replaced, if the restore is declared.
    if (isDeclared) await stage.readReplica.catchUp()
    truth.invalidate()
    people.forEach((one, index) => {
      one.changed ||= one.role !== backup.people[index]!.role
      Object.assign(one, backup.people[index])
    })
    this.#world.noteRestore(epoch)
    this.#world.narrate(`the database is restored from the backup${isDeclared ? '' : ', without being declared'}`)
    if (isDeclared) await servers.replicas[0]!.ledger.beginEpoch(orgId, {})
  }
}

type DeviceAction = Exclude<Extract<Action, { device: number }>, { do: 'record' | 'sync' | 'hint' }>

async function onDevice(world: World, device: SimulatedDevice, action: DeviceAction): Promise<void> {
  const { name, network } = device
  switch (action.do) {
    case 'good connection':
      network.setGoodConnection(name, action.replica)
      return world.narrate(`${name} has a good connection to server ${action.replica + 1}`)
    case 'bad connection':
      network.setGoodConnection(name, undefined)
      return world.narrate(`${name} has a bad connection`)
    case 'set clock':
      device.skewMs = action.skewMs
      return world.narrate(`the clock of ${name} is set to ${action.skewMs} ms off`)
    case 'device dies':
      return kill(world, device, action.turns)
    case 'poison':
      return poison(world, device, action.kind)
    case 'clone':
      return clone(world, device)
    case 'open tab': {
      const tab = await device.openTab()
      return tab && world.narrate(`${tab.agent.name} is opened`)
    }
    case 'close tab': {
      const tab = device.tabs[action.tab % Math.max(1, device.tabs.length)]
      if (!tab) return undefined
      world.narrate(`${tab.agent.name} is closed`)
      return device.closeTab(tab)
    }
    case 'freeze tab': {
      const leader = action.isLeader ? device.awake.find(({ leads }) => leads) : undefined
      const tab = leader ?? device.awake[action.tab % Math.max(1, device.awake.length)]
      if (!tab) return undefined
      if (leader) tab.agent.run(() => tab.sync.syncNow()) // in the middle of a sync
      await world.time.idle()
      tab.agent.freeze()
      world.narrate(`${tab.agent.name} is frozen`)
      return world.pass(action.ms)
    }
    case 'thaw tab': {
      const tab = device.tabs.filter(({ agent }) => agent.isFrozen)[0]
      tab?.agent.thaw()
      return tab && world.narrate(`${tab.agent.name} is thawed`)
    }
    case 'disk':
      device.fillDisk(action.isFull)
      return world.narrate(`the disk of ${name} ${action.isFull ? 'is full' : 'has room'}`)
    case 'delete storage':
      if (world.isUnawareOfRestore(device)) return undefined // mutations that the server lost would be lost here as well
      return (await device.deleteStorage())
        ? world.narrate(`the storage of ${name} is deleted under its tabs`)
        : undefined
    case 'cut socket':
    case 'half-open socket': {
      const [socket] = device.tabs.flatMap(({ openSockets }) => openSockets)
      if (!socket) return undefined
      world.narrate(action.do === 'cut socket' ? `the socket of ${name} is cut` : `the socket of ${name} is half-open`)
      return action.do === 'cut socket' ? socket.cut() : socket.becomeHalfOpen()
    }
    case 'wake service worker':
      if (action.isClosed) for (const tab of device.tabs) await device.closeTab(tab)
      world.narrate(`the service worker of ${name} is started${action.isClosed ? ', with no tab open' : ''}`)
      return device.wakeServiceWorker()
    case 'work offline':
      if (isFull(device.storage)) return undefined // the choice is only kept as long as the tab is open
      return workOffline(world, device, action)
    case 'end session':
      return endSession(world, device)
    case 'sign in':
      return device.person.disabled ? undefined : signInAt(world, device, action.tab)
  }
}

function device({ devices }: World, number: number): SimulatedDevice {
  return devices[number % devices.length]!
}

function person({ people }: World, number: number): SimulatedPerson {
  return people[number % people.length]!
}

export async function record(world: World, device: SimulatedDevice, step: RecordStep): Promise<void> {
  const { known } = world
  const own = [...world.acknowledged.values()]
    .filter(
      (acknowledged) => acknowledged.device === device.name && postedBy(acknowledged.verb, acknowledged.args ?? {}),
    )
    .map(({ id }) => id)
  const args = makeArgs(step, { ...known, mutations: own.length > 0 ? own : known.mutations })
  if (!args) return
  const tab = await device.visibleTab(step.tab)
  if (step.dies !== undefined) {
    world.narrate(`${device.name} dies while ${step.verb} ${JSON.stringify(args)} is recorded`)
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
  if (!result)
    return world.narrate(`${tab.agent.name} reports that ${step.verb} is not saved, because the disk is full`)
  if (!result.saved) return world.narrate(`${tab.agent.name} refuses ${step.verb}: ${result.refusal.code}`)
  world.narrate(`${tab.agent.name} saves ${step.verb} ${JSON.stringify(args)} as ${result.id}`)
  world.acknowledge(device, { id: result.id, verb: step.verb, args })
}

/** Also acknowledges mutations that were stored in the crash without the user being informed. */
async function kill(world: World, device: SimulatedDevice, turns: number): Promise<void> {
  await world.time.turns(turns)
  await device.crash()
  world.narrate(`${device.name} died and was started again`)
  for (const { envelope } of device.outbox()) {
    const { id, name, args } = envelope
    if (!world.acknowledged.has(id))
      world.acknowledge(device, { id, verb: name, args: args as Record<string, unknown> })
  }
}

function lose(world: World, message: Message | undefined): void {
  if (!message) return
  world.narrate(`${describe(message)} is lost`)
  if ('answer' in message) message.answer(SILENCE)
  if (message.kind === 'frame') message.socket.cut() // a socket that loses a message loses all later ones too
}

function copy({ network, narrate }: World, pick: number): void {
  const message = network.take(pick, (one) => 'answer' in one)
  if (!message) return
  network.putBack(message)
  network.putBack({ ...message, key: network.key(`${message.key}, again`) })
  narrate(`${describe(message)} is duplicated on its way`)
}

async function rush(world: World, replica: number): Promise<void> {
  world.narrate('all devices sync at once, and two have received stock at one location')
  for (const device of world.devices.slice(0, 2)) {
    world.network.setGoodConnection(device.name, undefined)
    await record(world, device, { do: 'record', device: 0, tab: 0, verb: 'stock.receive', picks: [0] })
  }
  for (const { awake } of world.devices) for (const { agent, sync } of awake) agent.run(() => sync.syncNow())
  await world.time.idle()
  await world.servers.deliver(world.network.take(0, isPush), { replica, fault: 'another push' })
}

async function poison(world: World, device: SimulatedDevice, kind: number): Promise<void> {
  if (isFull(device.storage)) return
  const { name, args } = makePoison(kind, world.known)
  const id = world.time.uuid()
  await device.addToOutbox({ id, name, args })
  world.poison.add(id)
  world.acknowledge(device, { id, verb: name, args: args as Record<string, unknown> })
  world.narrate(`${device.name} has the poisonous ${name} ${id} in its outbox`)
}

async function clone(world: World, device: SimulatedDevice): Promise<void> {
  if (world.devices.length >= DEVICES_MAX) return
  const name = `device ${world.devices.length + 1}`
  const made = await device.clone(name)
  world.devices.push(made)
  world.noteClone(device, made)
  world.narrate(`${name} is a copy of ${device.name}, with its pending mutations`)
}

async function setRole(world: World, person: SimulatedPerson, role: SimulatedPerson['role']): Promise<void> {
  person.role = role
  person.changed = true
  await world.servers.replicas[0]!.accounts.updateMember(person.orgId, person.userId, { id: person.userId, role })
  world.narrate(`${person.name} is ${role} from now on`)
}

async function disable(world: World, person: SimulatedPerson): Promise<void> {
  if (person.disabled) return enable(world, person)
  person.disabled = true
  await world.servers.replicas[0]!.accounts.updateMember(person.orgId, person.userId, {
    id: person.userId,
    disabled: true,
  })
  world.narrate(`${person.name} is disabled`)
}

async function enable(world: World, person: SimulatedPerson): Promise<void> {
  person.disabled = false
  await world.servers.replicas[0]!.accounts.updateMember(person.orgId, person.userId, {
    id: person.userId,
    disabled: false,
  })
  world.narrate(`${person.name} is enabled`)
}

async function endSession(world: World, device: SimulatedDevice): Promise<void> {
  await world.servers.replicas[0]!.accounts.logout(device.cookie.text)
  world.narrate(`the session of ${device.name} is ended`)
}

/** The user signs in, in the visible tab. */
async function signInAt(world: World, device: SimulatedDevice, number: number): Promise<void> {
  const tab = await device.visibleTab(number)
  const { refreshToken, signedIn } = await signIn(world.servers.replicas[0]!.accounts, device.person)
  device.cookie.text = refreshToken
  world.narrate(`${device.person.name} signs in at ${tab.agent.name}`)
  device.setRole(signedIn.user.role)
  tab.agent.run(() => tab.session.signedIn())
}

async function workOffline(
  world: World,
  device: SimulatedDevice,
  { tab: number, isPaused }: { tab: number; isPaused: boolean },
): Promise<void> {
  const tab = await device.visibleTab(number)
  world.narrate(`the user of ${tab.agent.name} ${isPaused ? 'works offline' : 'goes online'}`)
  device.mustNotSend = false
  tab.agent.run(() => tab.sync.setOffline(isPaused))
  await world.time.idle()
  device.mustNotSend = isPaused && device.tabs.every(({ agent }) => !agent.isFrozen)
}
