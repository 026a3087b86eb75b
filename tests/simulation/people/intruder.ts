// People of another organisation in the same database, who use stolen or guessed data of the first one: its ids, its
// devices' client ids, its cursors. They must neither learn nor change anything.
import { backUp } from '../world/backup.ts'
import { InvariantViolation } from '../checks/invariant-violation.ts'
import { metaOn, outboxOn } from '../device/disk.ts'
import type { Frame, Reply, Request } from '../world/network.ts'
import { makeArgs } from '../world/mutation-args.ts'
import type { SimulatedPerson } from '../world/organisation.ts'
import { makeOrganisation, signIn } from '../world/organisation.ts'
import type { Action } from '../plan.ts'
import { Random } from '../random.ts'
import { ServerTruth } from '../checks/server-truth.ts'
import type { World } from '../world/world.ts'

type Intrusion = Action & { do: 'intrude' }
type Tables = Record<string, { columns: string[]; rows: unknown[][] }>

/** Verbs that they try on ids of the first organisation. */
const VERBS = [
  'stock.receive',
  'stock.count',
  'stock.undo',
  'item.create',
  'item.update',
  'item.archive',
  'location.update',
  'barcode.attach',
  'conflict.resolve',
  'count.approve',
  'alert.acknowledge',
]
/** The key columns of rows without an id. */
const KEYS: Record<string, string[]> = {
  barcodes: ['code'],
  lots: ['itemId', 'lot'],
  positions: ['itemId', 'locationId', 'lot'],
  levels: ['itemId', 'locationId'],
}

export class Intruder {
  readonly #world: World
  readonly #accessToken: string
  readonly #truth: ServerTruth
  /** The mutations that they pushed themselves, and their own last seq per client id. */
  readonly #pushed = new Set<string>()
  readonly #lastSeqs = new Map<string, number>()

  private constructor(world: World, person: SimulatedPerson, accessToken: string) {
    this.#world = world
    this.#accessToken = accessToken
    this.#truth = new ServerTruth(world.stage.owner, person.orgId)
  }

  static async enter(world: World): Promise<Intruder> {
    const { accounts, database, ledger } = world.servers.replicas[0]!
    const people = [{ name: 'rival', role: 'manager' as const }]
    const uuid = () => world.time.uuid()
    const [rival] = await makeOrganisation({ database, ledger, uuid }, { name: 'The rivals', people })
    return new Intruder(world, rival!, (await signIn(accounts, rival!)).signedIn.accessToken)
  }

  async intrude({ kind, picks, replica }: Intrusion): Promise<void> {
    const { stage, people, time } = this.#world
    const victim = people[0]!.orgId
    const before = await backUp(stage.owner, victim)
    const random = new Random(Math.floor(picks[0]! * 2 ** 32), kind)
    const tries = [() => this.#pull(random), () => this.#push(random, picks), () => this.#listen(random)]
    await tries[kind % tries.length]!()
    await time.idle()
    const after = await backUp(stage.owner, victim)
    for (const [index, { name, rows }] of before.tables.entries()) {
      if (rows !== after.tables[index]!.rows)
        throw new InvariantViolation(8, `intruders have changed ${name} through server ${replica + 1}`)
    }
  }

  async #pull(random: Random): Promise<void> {
    const { clientId, cursor } = this.#steal(random)
    const stolen = random.pick([cursor, cursor, null, cursor && `${cursor.slice(0, -2)}AA`])
    this.#world.narrate('intruders pull with a stolen client id and cursor')
    const reply = await this.#ask('pull', { clientId, cursor: stolen })
    if (reply.ok) await this.#check(reply.value as { tables?: Tables; lastSeq: number }, clientId)
    else if (stolen === null) throw new InvariantViolation(8, `intruders cannot pull their own rows: ${reply.refusal}`)
  }

  async #push(random: Random, picks: number[]): Promise<void> {
    const { known, acknowledged, devices, time, narrate } = this.#world
    const { clientId } = this.#steal(random)
    const verb = random.pick(VERBS)
    const args = makeArgs({ do: 'record', device: 0, tab: 0, verb, picks }, { ...known, newId: () => random.uuid() })
    if (!args) return
    const pending = devices.flatMap(({ storage }) => outboxOn(storage)).map(({ envelope }) => envelope.id)
    const theirs = [...acknowledged.keys(), ...pending]
    const id = theirs.length > 0 && random.chance(0.5) ? random.pick(theirs) : random.uuid()
    // An item that a device of the first organisation has not pushed yet is guessed as well.
    if (verb === 'item.create') args['id'] = random.pick([...known.items, random.uuid()])
    const seq = (this.#lastSeqs.get(clientId) ?? 0) + 1
    const at = `${time.now.toString(16).padStart(12, '0')}-0000-00000000`
    narrate(`intruders push ${verb} ${JSON.stringify(args)} as ${id}, with a stolen client id`)
    const input = { clientId, epoch: 1, deviceNow: time.now, mutations: [{ seq, id, name: verb, args, at }] }
    const reply = await this.#ask('push', input)
    if (!reply.ok) throw new InvariantViolation(8, `an intruder's own push was refused: ${reply.refusal}`)
    const { lastSeq, results } = reply.value as { lastSeq: number; results: { status: string }[] }
    if (results[0]!.status === 'duplicate' && !this.#pushed.has(id))
      throw new InvariantViolation(8, `intruders learned that ${id} exists`)
    this.#pushed.add(id)
    this.#lastSeqs.set(clientId, seq)
    await this.#check({ lastSeq }, clientId)
  }

  async #listen(random: Random): Promise<void> {
    const { servers, narrate, time } = this.#world
    const { clientId, cursor } = this.#steal(random)
    const input = { clientId, cursor: random.pick([cursor, null]) }
    narrate('intruders subscribe with a stolen client id and cursor')
    const frames: Frame[] = []
    const ended = new AbortController()
    const request = { input, accessToken: this.#accessToken }
    const listening = servers.replicas[0]!.listen(request, {
      signal: ended.signal,
      send: (frame) => frames.push(frame),
    })
    await time.idle()
    ended.abort()
    await listening
    for (const frame of frames) {
      if (frame.type === 'message') await this.#check(frame.message as { tables?: Tables; lastSeq: number }, clientId)
    }
  }

  /** Every row must be their own, and they must not learn about a device that is not theirs. */
  async #check({ tables = {}, lastSeq }: { tables?: Tables; lastSeq: number }, clientId: string): Promise<void> {
    if (lastSeq !== (this.#lastSeqs.get(clientId) ?? 0))
      throw new InvariantViolation(8, `intruders learned that ${clientId} has reached seq ${lastSeq}`)
    await this.#truth.refresh(this.#world.time.written)
    const own = new Set(this.#truth.rows.map(({ kind, key }) => `${kind} ${key}`))
    for (const [kind, { columns, rows }] of Object.entries(tables)) {
      for (const row of rows) {
        const key = (KEYS[kind] ?? ['id']).map((column) => row[columns.indexOf(column)]).join('/')
        if (!own.has(`${kind} ${key}`)) throw new InvariantViolation(8, `intruders received ${kind} ${key}`)
      }
    }
  }

  /** What somebody learns who holds a device of the first organisation for a minute. */
  #steal(random: Random): { clientId: string; cursor: string | null } {
    const { storage } = random.pick(this.#world.devices)
    const { identity, point } = metaOn(storage)
    return { clientId: identity!.clientId, cursor: point?.cursor ?? null }
  }

  #ask(path: Request['path'], input: unknown): Promise<Reply> {
    return this.#world.servers.replicas[0]!.serve({ path, input, accessToken: this.#accessToken })
  }
}
