// The plan of a world: everything that will happen, drawn from the seed in advance. A step selects its targets by
// numbers modulo the number of candidates, so any part of a plan is also a valid plan and can be shrunk.
import { Random } from './random.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export type RecordStep = {
  do: 'record'
  device: number
  tab: number
  verb: string
  /** Random choices of this operation, each from 0 to 1. */
  picks: number[]
  /** The device crashes this many turns of the event loop after the user pressed the button. */
  dies?: number
}

/** A fault during a request, while the server's transaction is open and its rows are written but not committed. */
export type RequestFault =
  | 'nothing'
  | 'backend killed'
  | 'server killed'
  | 'another push'
  | 'a pull'
  | 'killed after commit'

export type PlanStep = Action & {
  /** How long nothing happens before the step. */
  pauseMs: number
}

export type Action =
  | RecordStep
  /** The user asks for a sync. */
  | { do: 'sync'; device: number; tab: number }
  /** The browser reports that the network is back. */
  | { do: 'hint'; device: number }
  /** One message in flight is delivered. */
  | { do: 'deliver'; message: number; replica: number; fault: RequestFault }
  /** All requests in flight are delivered at once to one server, so that commits are grouped. */
  | { do: 'deliver together'; replica: number }
  /** All messages from and to a device are delivered automatically, until its connection is bad again. */
  | { do: 'good connection'; device: number; replica: number }
  | { do: 'bad connection'; device: number }
  | { do: 'lose'; message: number }
  /** A copy of a message stays in flight and may be delivered again, however late. */
  | { do: 'copy'; message: number }
  | { do: 'proxy refuses'; message: number; refusal: 'too_large' | 'rate_limited' | 'busy' | 'unavailable' }
  | { do: 'wait'; ms: number }
  | { do: 'set clock'; device: number; skewMs: number }
  | { do: 'device dies'; device: number; turns: number }
  | { do: 'restart server'; replica: number }
  /** The device's database is copied to another device, as by a backup or a disk image. */
  | { do: 'clone'; device: number }
  /** All devices sync at once, at two servers, so that one server waits for the other. */
  | { do: 'rush'; replica: number }
  /** A mutation that no correct app would send is in the outbox: from a newer version, or because of a bug. */
  | { do: 'poison'; device: number; kind: number }
  /** The database is backed up. */
  | { do: 'back up' }
  /** The database is restored from the last backup. The operator declares it, or the devices must notice. */
  | { do: 'restore'; isDeclared: boolean }
  | { do: 'set role'; person: number; role: 'manager' | 'staff' }
  | { do: 'open tab'; device: number }
  | { do: 'close tab'; device: number; tab: number }
  /** Stops timers and messages of a tab until its user looks at it. A leader is frozen long enough to lose the lead. */
  | { do: 'freeze tab'; device: number; tab: number; isLeader: boolean; ms: number }
  | { do: 'thaw tab'; device: number; tab: number }
  /** The disk is full, or has space again. */
  | { do: 'disk'; device: number; isFull: boolean }
  /** The browser, or the user in its settings, deletes the storage of an open app. */
  | { do: 'delete storage'; device: number }
  | { do: 'cut socket'; device: number }
  /** Half-open: no message arrives any more, and neither side knows. */
  | { do: 'half-open socket'; device: number }
  /** Whether notices between servers (Redis) are delivered automatically, or stay in flight like other messages. */
  | { do: 'bus'; flows: boolean }
  /** The browser runs the service worker to push pending mutations, often after the app was closed. */
  | { do: 'wake service worker'; device: number; isClosed: boolean }
  | { do: 'work offline'; device: number; tab: number; isPaused: boolean }
  /** The server ends the session of a device. The user signs in again if asked to. */
  | { do: 'end session'; device: number }
  | { do: 'sign in'; device: number; tab: number }
  | { do: 'disable'; person: number }
  /** People of another organisation attempt forbidden requests. */
  | { do: 'intrude'; kind: number; picks: number[]; replica: number }

export interface Plan {
  seed: number
  /** A fresh device has its first sync within the plan. */
  devices: DevicePlan[]
  /** Pulls are answered by a lagging read replica if possible. */
  hasReadReplica: boolean
  /** Servers prefetch the next page. */
  readsAhead: boolean
  steps: PlanStep[]
}

export interface DevicePlan {
  role: 'manager' | 'staff'
  skewMs: number
  isFresh: boolean
  pageRows: number
  tabs: number
  /** Its connection is good when the plan begins. */
  hasGoodConnection: boolean
}

export const REPLICAS = 2
/** Probability of a world with dozens of devices. Most bugs appear with three devices, and sooner. */
const CROWD_PROBABILITY = 0.03
/** Probability of a device whose disk is full for a while. */
const FULL_DISK_PROBABILITY = 0.2
/** Probability of a device whose storage is deleted under the open app. */
const DELETED_STORAGE_PROBABILITY = 0.2

const VERBS: readonly (readonly [number, string])[] = [
  [20, 'stock.receive'],
  [20, 'stock.withdraw'],
  [10, 'stock.transfer'],
  [10, 'stock.count'],
  [12, 'stock.undo'],
  [4, 'item.create'],
  [6, 'item.update'],
  [2, 'item.archive'],
  [2, 'item.restore'],
  [4, 'barcode.attach'],
  [2, 'barcode.detach'],
  [2, 'category.create'],
  [2, 'category.update'],
  [1, 'category.archive'],
  [2, 'location.create'],
  [3, 'location.update'],
  [1, 'location.archive'],
  [5, 'conflict.resolve'],
  [1, 'location.restore'],
  [1, 'category.restore'],
  [1, 'lot.correct'],
  [4, 'level.set'],
  [2, 'alert.acknowledge'],
  [1, 'alert.snooze'],
  [3, 'count.open'],
  [2, 'count.join'],
  [2, 'count.submit'],
  [5, 'count.approve'],
  [1, 'count.recount'],
  [1, 'count.cancel'],
]

/**
 * Which actions and verbs are frequent or rare in a world. A uniform mix would hardly ever combine the three rare
 * actions that break something (Groce et al., "Swarm testing").
 */
interface SwarmProfile {
  steps: number[]
  verbs: number[]
}

const STEP_KINDS = 33

function makeProfile(random: Random): SwarmProfile {
  const factor = () => random.pick([0.1, 1, 1, 5])
  const always = [1, 1, 1] // record, sync and deliver
  return {
    steps: [...always, ...Array.from({ length: STEP_KINDS - always.length }, factor)],
    verbs: VERBS.map(([, name]) => (name === 'stock.receive' ? 1 : factor())),
  }
}

export function makePlan(seed: number): Plan {
  const random = new Random(seed, 1)
  const count = random.chance(CROWD_PROBABILITY) ? random.between(12, 24) : random.between(2, 4)
  const devices = Array.from({ length: count }, (_, index) => ({
    role: index === 0 || random.chance(0.4) ? ('manager' as const) : ('staff' as const),
    skewMs: random.chance(0.5) ? 0 : skew(random),
    isFresh: index > 0 && random.chance(0.25),
    pageRows: random.chance(0.3) ? random.between(1, 9) : 5_000,
    tabs: random.pick([1, 1, 1, 2, 2, 3]),
    hasGoodConnection: random.chance(0.3),
  }))
  const length = random.between(20, 90)
  const profile = makeProfile(random)
  const steps = Array.from({ length }, () => makeStep(random, profile))
  const reads = { hasReadReplica: random.chance(0.4), readsAhead: random.chance(0.5) }
  if (random.chance(FULL_DISK_PROBABILITY)) fillDisk(random, steps)
  if (random.chance(DELETED_STORAGE_PROBABILITY)) {
    const step = { do: 'delete storage' as const, device: random.below(24), pauseMs: 0 }
    steps.splice(random.below(steps.length), 0, step)
  }
  return { seed, devices, ...reads, steps }
}

/** Inserts a period in which the disk of a device is full. */
function fillDisk(random: Random, steps: PlanStep[]): void {
  const from = random.below(steps.length)
  const to = random.between(from + 1, steps.length)
  const disk = { do: 'disk' as const, device: random.below(24), pauseMs: 0 }
  steps.splice(to, 0, { ...disk, isFull: false })
  steps.splice(from, 0, { ...disk, isFull: true })
}

function makeStep(random: Random, profile: SwarmProfile): PlanStep {
  const device = random.below(24) // modulo the number of devices at that time
  const replica = random.below(REPLICAS)
  const message = random.below(1000)
  const tab = random.below(12)
  const kinds: [number, () => Action][] = [
    [40, () => recordStep(random, { device, tab }, profile)],
    [6, () => ({ do: 'sync', device, tab })],
    [34, () => ({ do: 'deliver', message, replica, fault: requestFault(random) })],
    [6, () => ({ do: 'deliver together', replica })],
    [8, () => ({ do: 'good connection', device, replica })],
    [10, () => ({ do: 'bad connection', device })],
    [4, () => ({ do: 'hint', device })],
    [5, () => ({ do: 'lose', message })],
    [5, () => ({ do: 'copy', message })],
    [
      2,
      () => ({
        do: 'proxy refuses',
        message,
        refusal: random.pick(['too_large', 'rate_limited', 'busy', 'unavailable']),
      }),
    ],
    [8, () => ({ do: 'wait', ms: pause(random) })],
    [2, () => ({ do: 'set clock', device, skewMs: skew(random) })],
    [4, () => ({ do: 'device dies', device, turns: random.below(30) })],
    [2, () => ({ do: 'restart server', replica })],
    [2, () => ({ do: 'clone', device })],
    [4, () => ({ do: 'rush', replica })],
    [2, () => ({ do: 'poison', device, kind: random.below(100) })],
    [3, () => ({ do: 'back up' })],
    [2, () => ({ do: 'restore', isDeclared: random.chance(0.5) })],
    [1, () => ({ do: 'set role', person: device, role: random.pick(['manager', 'staff']) })],
    [4, () => ({ do: 'open tab', device })],
    [3, () => ({ do: 'close tab', device, tab })],
    [5, () => ({ do: 'freeze tab', device, tab, isLeader: random.chance(0.6), ms: random.pick([0, 0, 15_000]) })],
    [3, () => ({ do: 'thaw tab', device, tab })],
    [3, () => ({ do: 'cut socket', device })],
    [2, () => ({ do: 'half-open socket', device })],
    [3, () => ({ do: 'bus', flows: random.chance(0.3) })],
    [4, () => ({ do: 'wake service worker', device, isClosed: random.chance(0.5) })],
    [3, () => ({ do: 'work offline', device, tab, isPaused: random.chance(0.7) })],
    [1, () => ({ do: 'end session', device })],
    [2, () => ({ do: 'sign in', device, tab })],
    [1, () => ({ do: 'disable', person: device })],
    [3, () => ({ do: 'intrude', kind: random.below(100), picks: picks(random), replica })],
  ]
  if (kinds.length !== STEP_KINDS) throw new Error(`there are ${kinds.length} kinds of step`)
  const make = random.weighted(kinds.map(([weight, make], index) => [weight * profile.steps[index]!, make] as const))
  return { ...make(), pauseMs: random.pick([0, 1, 120]) }
}

function picks(random: Random): number[] {
  return Array.from({ length: 6 }, () => random.next())
}

function recordStep(random: Random, at: { device: number; tab: number }, profile: SwarmProfile): RecordStep {
  const verb = random.weighted(VERBS.map(([weight, name], index) => [weight * profile.verbs[index]!, name] as const))
  return { do: 'record', ...at, verb, picks: picks(random), ...(random.chance(0.04) && { dies: random.below(25) }) }
}

export function requestFault(random: Random): RequestFault {
  return random.weighted<RequestFault>([
    [80, 'nothing'],
    [4, 'backend killed'],
    [3, 'server killed'],
    [3, 'killed after commit'],
    [8, 'another push'],
    [5, 'a pull'],
  ])
}

function skew(random: Random): number {
  return random.chance(0.3) ? 0 : random.between(-48 * HOUR_MS, 48 * HOUR_MS)
}

function pause(random: Random): number {
  return random.weighted([
    [40, () => random.between(0, 3)],
    [30, () => random.between(1, 5_000)],
    [20, () => random.between(5_000, HOUR_MS)],
    [9, () => random.between(HOUR_MS, DAY_MS)],
    [1, () => 30 * DAY_MS],
  ])()
}
