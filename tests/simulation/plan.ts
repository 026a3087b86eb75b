// The plan of a world: everything that will happen, drawn from the seed before anything does. A step names what it acts
// on by numbers that are taken modulo what is there, so that any part of a plan is a plan as well, and can be shrunk.
import { Random } from './random.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

export type RecordStep = {
  do: 'record'
  device: number
  verb: string
  /** Choices of this operation, 0 … 1 each. */
  picks: number[]
  /** The device dies this many turns of its event loop after the person pressed the button. */
  dies?: number
}

/** What befalls a request while the server's transaction is open, its rows written and not yet committed. */
export type Meanwhile =
  | 'nothing'
  | 'backend killed'
  | 'server killed'
  | 'another push'
  | 'a pull'
  | 'killed after commit'

export type Step =
  | RecordStep
  /** The device begins an exchange: push, then pull. */
  | { do: 'sync'; device: number }
  /** One message in flight arrives. */
  | { do: 'deliver'; message: number; replica: number; meanwhile: Meanwhile }
  /** All requests in flight arrive at once, at one replica: commits are grouped. */
  | { do: 'deliver together'; replica: number }
  /** All that a device sends and is sent arrives, until it is done. */
  | { do: 'good connection'; device: number; replica: number; pageRows: number }
  | { do: 'lose'; message: number }
  /** A copy of a message stays in flight, to arrive again, however late. */
  | { do: 'copy'; message: number }
  | { do: 'proxy refuses'; message: number; refusal: 'too_large' | 'rate_limited' | 'unavailable' }
  | { do: 'wait'; ms: number }
  | { do: 'set clock'; device: number; skewMs: number }
  | { do: 'device dies'; device: number; turns: number }
  | { do: 'restart server'; replica: number }
  /** The device's database is copied to another device, by a backup or an image. */
  | { do: 'clone'; device: number }
  | { do: 'set role'; person: number; role: 'manager' | 'staff' }

export interface Plan {
  seed: number
  devices: { role: 'manager' | 'staff'; skewMs: number }[]
  steps: Step[]
}

export const REPLICAS = 2

const VERBS: readonly (readonly [number, string])[] = [
  [20, 'stock.receive'],
  [20, 'stock.withdraw'],
  [10, 'stock.transfer'],
  [10, 'stock.count'],
  [8, 'stock.undo'],
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
]

export function makePlan(seed: number): Plan {
  const random = new Random(seed, 1)
  const count = random.between(2, 4)
  const devices = Array.from({ length: count }, (_, index) => ({
    role: index === 0 || random.chance(0.4) ? ('manager' as const) : ('staff' as const),
    skewMs: random.chance(0.5) ? 0 : skew(random),
  }))
  const length = random.between(20, 90)
  const steps = Array.from({ length }, () => makeStep(random, count))
  return { seed, devices, steps }
}

function makeStep(random: Random, devices: number): Step {
  const device = random.below(devices)
  const replica = random.below(REPLICAS)
  const message = random.below(1000)
  const make = random.weighted<() => Step>([
    [40, () => recordStep(random, device)],
    [16, () => ({ do: 'sync', device })],
    [24, () => ({ do: 'deliver', message, replica, meanwhile: meanwhile(random) })],
    [4, () => ({ do: 'deliver together', replica })],
    [
      12,
      () => ({ do: 'good connection', device, replica, pageRows: random.chance(0.3) ? random.between(1, 9) : 5_000 }),
    ],
    [5, () => ({ do: 'lose', message })],
    [5, () => ({ do: 'copy', message })],
    [2, () => ({ do: 'proxy refuses', message, refusal: random.pick(['too_large', 'rate_limited', 'unavailable']) })],
    [8, () => ({ do: 'wait', ms: pause(random) })],
    [2, () => ({ do: 'set clock', device, skewMs: skew(random) })],
    [4, () => ({ do: 'device dies', device, turns: random.below(30) })],
    [2, () => ({ do: 'restart server', replica })],
    [1, () => ({ do: 'clone', device })],
    [1, () => ({ do: 'set role', person: device, role: random.pick(['manager', 'staff']) })],
  ])
  return make()
}

function recordStep(random: Random, device: number): RecordStep {
  const picks = Array.from({ length: 6 }, () => random.next())
  const verb = random.weighted(VERBS)
  return { do: 'record', device, verb, picks, ...(random.chance(0.04) && { dies: random.below(25) }) }
}

function meanwhile(random: Random): Meanwhile {
  return random.weighted<Meanwhile>([
    [80, 'nothing'],
    [4, 'backend killed'],
    [3, 'server killed'],
    [3, 'killed after commit'],
    [5, 'another push'],
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
