// The eleven rules of the contract, checked from outside: against the database as it is, and against the reference model.
import { Broken } from './broken.ts'
import { AUDIT_COLUMNS, auditHash, LOG_COLUMNS, logHash } from '../../server/ledger/log-lines.ts'
import type { Entry, Line } from './reference-model.ts'
import { postedBy, standingsAt, walk } from './reference-model.ts'
import type { TruthRow } from './server-truth.ts'
import type { SimulatedDevice } from './simulated-device.ts'
import type { World } from './world.ts'

/** What must hold for a device at every moment. */
export async function checkDevice(world: World, device: SimulatedDevice): Promise<void> {
  const { said, truth } = world
  if (world.isUnawareOfRestore(device)) return // what it holds is of a history that is no more
  const point = device.device.point.value
  const outbox = await device.outbox()
  const waiting = new Map(outbox.map((entry) => [entry.envelope.id, entry]))
  for (const { id, device: name } of said.values()) {
    if (name !== device.name || waiting.has(id)) continue
    if (!truth.mutations.has(id)) throw new Broken(1, `${id} is neither in the outbox of ${name} nor on the server`)
    // What was refused is let go with its refusal, and may take effect much later.
    const version = truth.conflicts.some((conflict) => conflict.id === id) ? 0 : (truth.versionOf.get(id) ?? 0)
    if (point.complete && version > point.version) {
      throw new Broken(5, `${name} let ${id} go at version ${point.version}; its rows are version ${version}`)
    }
  }
  if (!point.complete) return
  checkQuantities(world, device, outbox)
  if (outbox.length > 0) return
  for (const row of truth.rows) {
    if (device.person.changed && BY_ROLE.has(row.kind)) continue // it shows what the role before may see until it asks
    if (row.version <= point.version) checkRow(device, row)
  }
}

/** Kinds of which some people see more than others. */
const BY_ROLE = new Set(['conflicts', 'members'])

/** Every position shows what the ledger said at the device's version, and what is pending over it. */
function checkQuantities(world: World, { name, device }: SimulatedDevice, outbox: Outbox): void {
  const { version } = device.point.value
  // What was set aside as too large for the way comes after all others, and those that build on it show nothing.
  if (device.aside.value.length > 0) return
  const standings = standingsAt(world.truth.lines, version)
  const pending = pendingOf(outbox.filter(({ envelope }) => !world.poison.has(envelope.id)))
  if (!pending) return
  for (const position of new Set([...standings.keys(), ...pending.keys()])) {
    const { quantity, countedAt } = standings.get(position) ?? { quantity: 0, countedAt: null }
    const base: Entry = { id: '', at: countedAt ?? '', counts: true, amount: quantity }
    const own = pending.get(position) ?? []
    // Own entries keep their own order. Where they lie beside a count of somebody else is for the server to say: until
    // then both are right.
    const inOrder = own.map((entry, index) => ({ ...entry, at: `~${String(index).padStart(6, '0')}` }))
    const expected = [walk([base, ...own]).quantity, walk([base, ...inOrder]).quantity]
    const [itemId = '', locationId = '', lot] = position.split('/')
    const shown = device.view.position(itemId, locationId, lot)
    if (shown.uncertain || expected.includes(shown.quantity)) continue
    throw new Broken(
      5,
      `${name} shows ${shown.quantity} at ${position}; at version ${version} it should be ${expected.join(' or ')}`,
    )
  }
}

type Outbox = Awaited<ReturnType<SimulatedDevice['outbox']>>

/** Entries that are pending, by position; undefined where undoing and resending make that more than adding up. */
function pendingOf(outbox: Outbox): Map<string, Entry[]> | undefined {
  const pending = new Map<string, Entry[]>()
  for (const { envelope, at } of outbox) {
    if (['stock.undo', 'conflict.resolve', 'count.approve'].includes(envelope.name)) return undefined
    for (const { kind, position, amount } of postedBy(
      envelope.name,
      (envelope.args ?? {}) as Record<string, unknown>,
    ) ?? []) {
      const entry = { id: envelope.id, at, counts: kind === 'count', amount }
      pending.set(position, [...(pending.get(position) ?? []), entry])
    }
  }
  return pending
}

function checkRow({ name, person, device }: SimulatedDevice, { kind, key, gone, version, row }: TruthRow): void {
  const shown = device.view.row(kind as 'items', key) as unknown as Record<string, unknown> | undefined
  const isHidden = kind === 'conflicts' && person.role !== 'manager' && row.user_id !== person.userId
  if (isHidden || gone) {
    if (shown) throw new Broken(isHidden ? 8 : 3, `${name} shows ${kind} ${key}, which it should not`)
    return
  }
  if (!shown)
    throw new Broken(
      3,
      `${name} is at version ${device.point.value.version} without ${kind} ${key} of version ${version}`,
    )
  for (const [column, value] of Object.entries(row)) {
    const field = FIELDS[column] ?? column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (!(field in shown)) continue
    const expected = kind === 'members' && field === 'email' && person.role !== 'manager' ? null : value
    if (canonical(shown[field]) === canonical(expected)) continue
    const rule = expected === null ? 8 : 3
    throw new Broken(
      rule,
      `${name} shows ${kind} ${key} with ${field} ${canonical(shown[field])}, the server has ${canonical(value)}`,
    )
  }
}

const FIELDS: Record<string, string> = { opened_at_ms: 'openedAt' }

function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}:${canonical(inner)}`)
    .toSorted()
    .join()}}`
}

/** What must hold when all faults have ended and everybody has synchronised. */
export const CHECKS_AT_THE_END: ((world: World) => Promise<void> | void)[] = [
  everybodyIsDone,
  everyMutationIsInOnePlace,
  poisonHarmsNobody,
  positionsAreTheirEntries,
  versionsAreDense,
  chainsAreWhole,
  stampsAreTrue,
  whatWasKeptOpensAgain,
]

async function everybodyIsDone({ devices, truth }: World): Promise<void> {
  for (const one of devices) {
    const { name, device, failure } = one
    const left = await one.outbox()
    const why = failure === undefined ? '' : ` (${String(failure)})`
    if (left.length > 0 || device.pendingCount.value > 0)
      throw new Broken(6, `${name} still has ${left.length} to send${why}`)
    const { version, complete } = device.point.value
    if (!complete || version !== truth.head.version)
      throw new Broken(6, `${name} is at version ${version}, the server at ${truth.head.version}${why}`)
  }
}

/** What is poisonous is refused; nothing else is taken for poison. */
function poisonHarmsNobody({ poison, truth }: World): void {
  for (const { id, code } of truth.conflicts) {
    if (code === 'internal_error' && !poison.has(id)) throw new Broken(7, `${id} was refused as internal_error`)
  }
  for (const id of poison) {
    if (!truth.conflicts.some((conflict) => conflict.id === id))
      throw new Broken(7, `the poisonous ${id} was not refused`)
  }
}

function everyMutationIsInOnePlace({ said, truth }: World): void {
  const lines = Map.groupBy(truth.lines, ({ mutation }) => mutation)
  for (const { id, verb, args } of said.values()) {
    if (!truth.mutations.has(id)) throw new Broken(1, `${verb} ${id} was saved, and the server never decided it`)
    const refusal = truth.conflicts.find((conflict) => conflict.id === id && conflict.kind === 'refusal')
    const tookEffect =
      !refusal || (refusal.state === 'resolved' && ['resend', 'record', 'arrived'].includes(refusal.resolution!))
    const posted = (lines.get(id) ?? []).filter(({ kind }) => kind !== 'void')
    if (verb === 'count.approve') {
      checkApproval(id, posted, truth)
      continue
    }
    const expected = tookEffect ? (postedBy(verb, args ?? {}) ?? []) : []
    if (inWords(posted) !== inWords(expected)) {
      throw new Broken(1, `${verb} ${id} should have posted [${inWords(expected)}], and posted [${inWords(posted)}]`)
    }
  }
  for (const { mutation } of truth.lines) {
    if (!said.has(mutation)) throw new Broken(1, `the ledger has ${mutation}, which nobody made`)
  }
}

/** An approval posts counts alone: on each position what lines of its count say, at the time of one of them. */
function checkApproval(id: string, posted: readonly Line[], truth: World['truth']): void {
  const lines = truth.rows.filter(({ kind, row }) => kind === 'countLines' && row['state'] === 'approved')
  for (const { kind, position, amount, at } of posted) {
    const said = lines.some(
      ({ row }) =>
        `${row['item_id'] as string}/${row['location_id'] as string}/${row['lot'] as string}` === position &&
        row['counted'] === amount &&
        row['at'] === at,
    )
    if (kind === 'count' && said) continue
    throw new Broken(1, `the approval ${id} posted ${kind} ${amount} at ${position}, which no line of it says`)
  }
}

function inWords(lines: readonly Pick<Line, 'kind' | 'position' | 'amount'>[]): string {
  return lines
    .map(({ kind, position, amount }) => `${kind} ${amount} at ${position}`)
    .toSorted()
    .join('; ')
}

function positionsAreTheirEntries({ truth }: World): void {
  const standings = standingsAt(truth.lines, truth.head.version)
  const positions = new Map(truth.rows.filter(({ kind }) => kind === 'positions').map(({ key, row }) => [key, row]))
  for (const key of new Set([...standings.keys(), ...positions.keys()])) {
    const expected = standings.get(key)
    const { quantity, counted_at } = positions.get(key) ?? {}
    if (quantity === expected?.quantity && counted_at === expected?.countedAt) continue
    throw new Broken(
      2,
      `${key} holds ${String(quantity)} counted ${String(counted_at)}; its entries say ${canonical(expected)}`,
    )
  }
}

async function versionsAreDense({ stage, people, truth }: World): Promise<void> {
  const commits = await stage.owner<{ version: number }[]>`
    select version from commits where org_id = ${people[0]!.orgId} order by version`
  commits.forEach(({ version }, index) => {
    if (version !== index + 1) throw new Broken(4, `commit ${index + 1} is version ${version}`)
  })
  if (commits.length !== truth.head.version)
    throw new Broken(4, `${commits.length} commits, and version ${truth.head.version}`)
  const beyond = [...truth.rows, ...truth.lines].find(({ version }) => version > truth.head.version)
  if (beyond) throw new Broken(4, `a row has version ${beyond.version}, the server ${truth.head.version}`)
}

/** Every line of both logs carries the hash of the one before. The hashing itself is the product's; the walk is not. */
async function chainsAreWhole({ stage, people }: World): Promise<void> {
  const { orgId } = people[0]!
  const logs = [
    {
      name: 'inventory_logs',
      columns: LOG_COLUMNS,
      hashOf: (previous: string, line: never) => logHash(previous, line),
    },
    { name: 'audit_log', columns: AUDIT_COLUMNS, hashOf: (previous: string, line: never) => auditHash(previous, line) },
  ]
  for (const { name, columns, hashOf } of logs) {
    const lines = await stage.owner.unsafe<{ hash: string; no: number }[]>(
      `select ${columns.join(', ')}, encode(hash, 'hex') as hash from ${name} where org_id = $1 order by no`,
      [orgId],
    )
    let previous = ''
    for (const { hash, ...line } of lines) {
      const expected = hashOf(previous, line as never)
      if (hash !== expected)
        throw new Broken(4, `line ${line.no} of ${name} does not carry the hash of the line before`)
      previous = hash
    }
  }
}

/** However wrong a clock was, what it stamped lies where it was made, but for the time that its request was under way. */
function stampsAreTrue({ said, truth, plan, longestWay }: World): void {
  const isSteady = !plan.steps.some((step) => step.do === 'set clock')
  if (!isSteady) return // what was made before a clock was set may have been sent after
  const tolerance = CLOCK_ERROR_MS + longestWay
  for (const { mutation, at, kind } of truth.lines) {
    const made = said.get(mutation)
    if (!made || kind === 'void' || made.verb === 'count.approve') continue
    const wrongMs = Number.parseInt(at.slice(0, 12), 16) - made.at
    if (Math.abs(wrongMs) > tolerance)
      throw new Broken(11, `${made.verb} ${mutation} stands ${wrongMs} ms beside the time when it was made`)
  }
}

/** What the server leaves uncorrected, and what passes within a step. */
const CLOCK_ERROR_MS = 4_000

/** What is on the disk is what was shown. */
async function whatWasKeptOpensAgain({ devices, truth }: World): Promise<void> {
  for (const device of devices) {
    await device.die()
    for (const row of truth.rows) checkRow(device, row)
    const visible = truth.rows.filter(({ kind, gone, row }) => {
      if (gone) return false
      return kind !== 'conflicts' || device.person.role === 'manager' || row.user_id === device.person.userId
    })
    if (device.device.size !== visible.length)
      throw new Broken(6, `${device.name} keeps ${device.device.size} rows, and should keep ${visible.length}`)
  }
}
