// What must hold when all faults have ended and everybody has synchronised: the eleven rules, against the database as it
// is and against the reference model.
import { InvariantViolation } from './invariant-violation.ts'
import { canonical, checkRow } from './check-device.ts'
import { AUDIT_COLUMNS, auditHash, LOG_COLUMNS, logHash } from '../../../server/ledger/commit/log-lines.ts'
import type { ModelLine } from './reference-model.ts'
import { postedBy, standingsAt } from './reference-model.ts'
import type { World } from '../world/world.ts'

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

function everybodyIsDone({ devices, truth }: World): void {
  for (const { name, tabs } of devices) {
    for (const tab of tabs) {
      const { pendingCount, syncPoint } = tab.device
      const { link: state, busy, loading, problem } = tab.sync.status.value
      const how = `, ${state}${problem === undefined ? '' : ` (${problem})`}`
      if (pendingCount.value > 0)
        throw new InvariantViolation(6, `${tab.agent.name} still has ${pendingCount.value} to send${how}`)
      const { version, complete } = syncPoint.value
      if (!complete || version !== truth.head.version)
        throw new InvariantViolation(
          6,
          `${tab.agent.name} is at version ${version}, the server at ${truth.head.version}${how}`,
        )
      if (state !== 'online' || busy || loading || problem !== undefined)
        throw new InvariantViolation(
          12,
          `${tab.agent.name} has everything and says ${JSON.stringify(tab.sync.status.value)}`,
        )
    }
    if (tabs.length === 0) throw new InvariantViolation(6, `${name} has no tab`)
  }
}

/** What is poisonous is refused; nothing else is taken for poison. */
function poisonHarmsNobody({ poison, truth }: World): void {
  for (const { id, code } of truth.conflicts) {
    if (code === 'internal_error' && !poison.has(id))
      throw new InvariantViolation(7, `${id} was refused as internal_error`)
  }
  for (const id of poison) {
    if (!truth.conflicts.some((conflict) => conflict.id === id))
      throw new InvariantViolation(7, `the poisonous ${id} was not refused`)
  }
}

function everyMutationIsInOnePlace({ acknowledged, truth }: World): void {
  const lines = Map.groupBy(truth.lines, ({ mutation }) => mutation)
  for (const { id, verb, args } of acknowledged.values()) {
    if (!truth.mutations.has(id))
      throw new InvariantViolation(1, `${verb} ${id} was saved, and the server never decided it`)
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
      throw new InvariantViolation(
        1,
        `${verb} ${id} should have posted [${inWords(expected)}], and posted [${inWords(posted)}]`,
      )
    }
  }
  for (const { mutation } of truth.lines) {
    if (!acknowledged.has(mutation)) throw new InvariantViolation(1, `the ledger has ${mutation}, which nobody made`)
  }
}

/** An approval posts counts alone: on each position what lines of its count say, at the time of one of them. */
function checkApproval(id: string, posted: readonly ModelLine[], truth: World['truth']): void {
  const lines = truth.rows.filter(({ kind, row }) => kind === 'countLines' && row['state'] === 'approved')
  for (const { kind, position, amount, at } of posted) {
    const said = lines.some(
      ({ row }) =>
        `${row['item_id'] as string}/${row['location_id'] as string}/${row['lot'] as string}` === position &&
        row['counted'] === amount &&
        row['at'] === at,
    )
    if (kind === 'count' && said) continue
    throw new InvariantViolation(
      1,
      `the approval ${id} posted ${kind} ${amount} at ${position}, which no line of it says`,
    )
  }
}

function inWords(lines: readonly Pick<ModelLine, 'kind' | 'position' | 'amount'>[]): string {
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
    throw new InvariantViolation(
      2,
      `${key} holds ${String(quantity)} counted ${String(counted_at)}; its entries say ${canonical(expected)}`,
    )
  }
}

async function versionsAreDense({ stage, people, truth }: World): Promise<void> {
  const commits = await stage.owner<{ version: number }[]>`
    select version from commits where org_id = ${people[0]!.orgId} order by version`
  commits.forEach(({ version }, index) => {
    if (version !== index + 1) throw new InvariantViolation(4, `commit ${index + 1} is version ${version}`)
  })
  if (commits.length !== truth.head.version)
    throw new InvariantViolation(4, `${commits.length} commits, and version ${truth.head.version}`)
  const beyond = [...truth.rows, ...truth.lines].find(({ version }) => version > truth.head.version)
  if (beyond) throw new InvariantViolation(4, `a row has version ${beyond.version}, the server ${truth.head.version}`)
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
        throw new InvariantViolation(4, `line ${line.no} of ${name} does not carry the hash of the line before`)
      previous = hash
    }
  }
}

/** However wrong a clock was, what it stamped lies where it was made, but for the time that its request was under way. */
function stampsAreTrue({ acknowledged, truth, plan, servers }: World): void {
  const isSteady = !plan.steps.some((step) => step.do === 'set clock')
  if (!isSteady) return // what was made before a clock was set may have been sent after
  const tolerance = CLOCK_ERROR_MS + servers.longestWay
  for (const { mutation, at, kind } of truth.lines) {
    const made = acknowledged.get(mutation)
    if (!made || kind === 'void' || made.verb === 'count.approve') continue
    const wrongMs = Number.parseInt(at.slice(0, 12), 16) - made.at
    if (Math.abs(wrongMs) > tolerance)
      throw new InvariantViolation(11, `${made.verb} ${mutation} stands ${wrongMs} ms beside the time when it was made`)
  }
}

/** What the server leaves uncorrected, and what passes within a step. */
const CLOCK_ERROR_MS = 4_000

/** What is on the disk is what was shown. */
async function whatWasKeptOpensAgain({ devices, truth }: World): Promise<void> {
  for (const device of devices) {
    await device.die()
    const [tab] = device.tabs
    for (const row of truth.rows) checkRow(tab!, row)
    const visible = truth.rows.filter(({ kind, gone, row }) => {
      if (gone) return false
      return kind !== 'conflicts' || device.person.role === 'manager' || row.user_id === device.person.userId
    })
    const { rowCount } = tab!.device
    if (rowCount !== visible.length)
      throw new InvariantViolation(6, `${device.name} keeps ${rowCount} rows, and should keep ${visible.length}`)
  }
}
