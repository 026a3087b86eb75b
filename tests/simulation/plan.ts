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
  | { do: 'good connection'; device: number; replica: number }
  | { do: 'lose'; message: number }
  /** A copy of a message stays in flight, to arrive again, however late. */
  | { do: 'copy'; message: number }
  | { do: 'proxy refuses'; message: number; refusal: 'too_large' | 'rate_limited' | 'busy' | 'unavailable' }
  | { do: 'wait'; ms: number }
  | { do: 'set clock'; device: number; skewMs: number }
  | { do: 'device dies'; device: number; turns: number }
  | { do: 'restart server'; replica: number }
  /** The device's database is copied to another device, by a backup or an image. */
  | { do: 'clone'; device: number }
  /** Everybody synchronises at one moment, at two servers: one of them has to wait for the other. */
  | { do: 'rush'; replica: number }
  /** Something that no decent app would send waits in the outbox: from a newer version, or by a bug. */
  | { do: 'poison'; device: number; kind: number }
  /** The database as it is now is put aside. */
  | { do: 'back up' }
  /** The database is what it was at the last backup. Whoever runs it says so, or it is for the devices to notice. */
  | { do: 'restore'; isDeclared: boolean }
  | { do: 'set role'; person: number; role: 'manager' | 'staff' }

export interface Plan {
  seed: number
  /** A fresh one has its first sync within the plan. */
  devices: { role: 'manager' | 'staff'; skewMs: number; isFresh: boolean; pageRows: number }[]
  steps: Step[]
}

export const REPLICAS = 2
/** How many of the worlds have dozens of devices: most faults show with three, and sooner. */
const CROWDS = 0.03

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
 * What a world has more of than others, and what it lacks: a little of everything everywhere would never bring together
 * the three rare things that break something (Groce et al., "Swarm testing").
 */
interface Mood {
  steps: number[]
  verbs: number[]
}

const STEP_KINDS = 18

function makeMood(random: Random): Mood {
  const factor = () => random.pick([0.1, 1, 1, 5])
  const always = [1, 1, 1] // recording, synchronising and delivering
  return {
    steps: [...always, ...Array.from({ length: STEP_KINDS - always.length }, factor)],
    verbs: VERBS.map(([, name]) => (name === 'stock.receive' ? 1 : factor())),
  }
}

export function makePlan(seed: number): Plan {
  const random = new Random(seed, 1)
  const count = random.chance(CROWDS) ? random.between(12, 24) : random.between(2, 4)
  const devices = Array.from({ length: count }, (_, index) => ({
    role: index === 0 || random.chance(0.4) ? ('manager' as const) : ('staff' as const),
    skewMs: random.chance(0.5) ? 0 : skew(random),
    isFresh: index > 0 && random.chance(0.25),
    pageRows: random.chance(0.3) ? random.between(1, 9) : 5_000,
  }))
  const length = random.between(20, 90)
  const mood = makeMood(random)
  const steps = Array.from({ length }, () => makeStep(random, mood))
  return { seed, devices, steps }
}

function makeStep(random: Random, mood: Mood): Step {
  const device = random.below(24) // modulo however many there are by then
  const replica = random.below(REPLICAS)
  const message = random.below(1000)
  const kinds: [number, () => Step][] = [
    [40, () => recordStep(random, device, mood)],
    [16, () => ({ do: 'sync', device })],
    [24, () => ({ do: 'deliver', message, replica, meanwhile: meanwhile(random) })],
    [4, () => ({ do: 'deliver together', replica })],
    [12, () => ({ do: 'good connection', device, replica })],
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
  ]
  if (kinds.length !== STEP_KINDS) throw new Error(`there are ${kinds.length} kinds of step`)
  return random.weighted(kinds.map(([weight, make], index) => [weight * mood.steps[index]!, make] as const))()
}

function recordStep(random: Random, device: number, mood: Mood): RecordStep {
  const picks = Array.from({ length: 6 }, () => random.next())
  const verb = random.weighted(VERBS.map(([weight, name], index) => [weight * mood.verbs[index]!, name] as const))
  return { do: 'record', device, verb, picks, ...(random.chance(0.04) && { dies: random.below(25) }) }
}

function meanwhile(random: Random): Meanwhile {
  return random.weighted<Meanwhile>([
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
