// People of another organisation in the same database, who try everything with what they have stolen or guessed of the
// first: its ids, its devices' ids, its cursors. They must learn nothing, and change nothing.
import { backUp } from '../world/backup.ts'
import { InvariantViolation } from '../checks/invariant-violation.ts'
import { metaOn, outboxOn } from '../device/disk.ts'
import type { Frame, Reply, Request } from '../world/network.ts'
import { makeArgs } from '../world/operations.ts'
import type { SimulatedPerson } from '../world/organisation.ts'
import { makeOrganisation, signIn } from '../world/organisation.ts'
import type { Action } from '../plan.ts'
import { Random } from '../random.ts'
import { ServerTruth } from '../checks/server-truth.ts'
import type { World } from '../world/world.ts'

type Intrusion = Action & { do: 'intrude' }
type Tables = Record<string, { columns: string[]; rows: unknown[][] }>

/** What they try to do with what is not theirs. */
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
/** How rows are keyed that have no id. */
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
  /** What they have pushed themselves, and how far each client id is theirs. */
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
    await time.stillness()
    const after = await backUp(stage.owner, victim)
    for (const [index, { name, rows }] of before.tables.entries()) {
      if (rows !== after.tables[index]!.rows)
        throw new InvariantViolation(
          8,
          `people of another organisation have changed ${name} through server ${replica + 1}`,
        )
    }
  }

  async #pull(random: Random): Promise<void> {
    const { clientId, cursor } = this.#steal(random)
    const stolen = random.pick([cursor, cursor, null, cursor && `${cursor.slice(0, -2)}AA`])
    this.#world.tell('people of another organisation pull with a stolen client id and cursor')
    const reply = await this.#ask('pull', { clientId, cursor: stolen })
    if (reply.ok) await this.#check(reply.value as { tables?: Tables; lastSeq: number }, clientId)
    else if (stolen === null)
      throw new InvariantViolation(8, `people of another organisation cannot pull: ${reply.refusal}`)
  }

  async #push(random: Random, picks: number[]): Promise<void> {
    const { things, acknowledged, devices, time, tell } = this.#world
    const { clientId } = this.#steal(random)
    const verb = random.pick(VERBS)
    const args = makeArgs({ do: 'record', device: 0, tab: 0, verb, picks }, { ...things, newId: () => random.uuid() })
    if (!args) return
    const waiting = devices.flatMap(({ storage }) => outboxOn(storage)).map(({ envelope }) => envelope.id)
    const theirs = [...acknowledged.keys(), ...waiting]
    const id = theirs.length > 0 && random.chance(0.5) ? random.pick(theirs) : random.uuid()
    // An item that was made on a device of the first, and did not reach the server yet, is guessed as well.
    if (verb === 'item.create') args['id'] = random.pick([...things.items, random.uuid()])
    const seq = (this.#lastSeqs.get(clientId) ?? 0) + 1
    const at = `${time.now.toString(16).padStart(12, '0')}-0000-00000000`
    tell(`people of another organisation push ${verb} ${JSON.stringify(args)} as ${id}, with a stolen client id`)
    const input = { clientId, epoch: 1, deviceNow: time.now, mutations: [{ seq, id, name: verb, args, at }] }
    const reply = await this.#ask('push', input)
    if (!reply.ok)
      throw new InvariantViolation(8, `people of another organisation were refused their own: ${reply.refusal}`)
    const { lastSeq, results } = reply.value as { lastSeq: number; results: { status: string }[] }
    if (results[0]!.status === 'duplicate' && !this.#pushed.has(id))
      throw new InvariantViolation(8, `people of another organisation were told that ${id} is known`)
    this.#pushed.add(id)
    this.#lastSeqs.set(clientId, seq)
    await this.#check({ lastSeq }, clientId)
  }

  async #listen(random: Random): Promise<void> {
    const { servers, tell, time } = this.#world
    const { clientId, cursor } = this.#steal(random)
    const input = { clientId, cursor: random.pick([cursor, null]) }
    tell('people of another organisation listen with a stolen client id and cursor')
    const heard: Frame[] = []
    const ended = new AbortController()
    const request = { input, accessToken: this.#accessToken }
    const listening = servers.replicas[0]!.listen(request, { signal: ended.signal, say: (frame) => heard.push(frame) })
    await time.stillness()
    ended.abort()
    await listening
    for (const frame of heard) {
      if (frame.type === 'message') await this.#check(frame.message as { tables?: Tables; lastSeq: number }, clientId)
    }
  }

  /** Every row is their own, and of a device that is not theirs they learn nothing. */
  async #check({ tables = {}, lastSeq }: { tables?: Tables; lastSeq: number }, clientId: string): Promise<void> {
    if (lastSeq !== (this.#lastSeqs.get(clientId) ?? 0))
      throw new InvariantViolation(
        8,
        `people of another organisation were told that ${clientId} has come to ${lastSeq}`,
      )
    await this.#truth.refresh(this.#world.time.written)
    const own = new Set(this.#truth.rows.map(({ kind, key }) => `${kind} ${key}`))
    for (const [kind, { columns, rows }] of Object.entries(tables)) {
      for (const row of rows) {
        const key = (KEYS[kind] ?? ['id']).map((column) => row[columns.indexOf(column)]).join('/')
        if (!own.has(`${kind} ${key}`)) throw new InvariantViolation(8, `another organisation was given ${kind} ${key}`)
      }
    }
  }

  /** What somebody saw who held a device of the first for a minute. */
  #steal(random: Random): { clientId: string; cursor: string | null } {
    const { storage } = random.pick(this.#world.devices)
    const { identity, point } = metaOn(storage)
    return { clientId: identity!.clientId, cursor: point?.cursor ?? null }
  }

  #ask(path: Request['path'], input: unknown): Promise<Reply> {
    return this.#world.servers.replicas[0]!.serve({ path, input, accessToken: this.#accessToken })
  }
}
