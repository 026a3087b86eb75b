// Rules that must hold after all faults have ended and every device has synced, checked against the database and the
// reference model.
import { InvariantViolation } from './invariant-violation.ts'
import { canonical, checkRow } from './check-device.ts'
import { AUDIT_COLUMNS, auditHash, LOG_COLUMNS, logHash } from '../../../server/ledger/commit/log-lines.ts'
import type { ModelLine } from './reference-model.ts'
import { postedBy, positionsAt } from './reference-model.ts'
import type { World } from '../world/world.ts'

export const CHECKS_AT_THE_END: ((world: World) => Promise<void> | void)[] = [
  everyDeviceIsSynced,
  everyMutationIsRecordedOnce,
  onlyPoisonIsRefused,
  positionsEqualTheirEntries,
  versionsAreDense,
  hashChainsAreComplete,
  stampsAreCorrect,
  storageReopens,
]

function everyDeviceIsSynced({ devices, truth }: World): void {
  for (const { name, tabs } of devices) {
    for (const tab of tabs) {
      const { pendingCount, syncPoint } = tab.device
      const { link: state, busy, loading, problem } = tab.sync.status.value
      const how = `, ${state}${problem === undefined ? '' : ` (${problem})`}`
      if (pendingCount.value > 0)
        throw new InvariantViolation(6, `${tab.agent.name} still has ${pendingCount.value} pending mutations${how}`)
      const { version, complete } = syncPoint.value
      if (!complete || version !== truth.head.version)
        throw new InvariantViolation(
          6,
          `${tab.agent.name} is at version ${version}, but the server is at ${truth.head.version}${how}`,
        )
      if (state !== 'online' || busy || loading || problem !== undefined)
        throw new InvariantViolation(
          12,
          `${tab.agent.name} has all rows but reports ${JSON.stringify(tab.sync.status.value)}`,
        )
    }
    if (tabs.length === 0) throw new InvariantViolation(6, `${name} has no tab`)
  }
}

/** Poisonous mutations are refused, and no other mutation is refused as poisonous. */
function onlyPoisonIsRefused({ poison, truth }: World): void {
  for (const { id, code } of truth.conflicts) {
    if (code === 'internal_error' && !poison.has(id))
      throw new InvariantViolation(7, `${id} was refused as internal_error`)
  }
  for (const id of poison) {
    if (!truth.conflicts.some((conflict) => conflict.id === id))
      throw new InvariantViolation(7, `the poisonous ${id} was not refused`)
  }
}

function everyMutationIsRecordedOnce({ acknowledged, truth }: World): void {
  const lines = Map.groupBy(truth.lines, ({ mutation }) => mutation)
  for (const { id, verb, args } of acknowledged.values()) {
    if (!truth.mutations.has(id))
      throw new InvariantViolation(1, `${verb} ${id} was saved, but the server never decided it`)
    const refusal = truth.conflicts.find((conflict) => conflict.id === id && conflict.kind === 'refusal')
    const tookEffect =
      !refusal || (refusal.state === 'resolved' && ['resend', 'record', 'arrived'].includes(refusal.resolution!))
    const posted = (lines.get(id) ?? []).filter(({ kind }) => kind !== 'void')
    if (verb === 'count.approve') {
      checkApproval(id, posted, truth)
      continue
    }
    const expected = tookEffect ? (postedBy(verb, args ?? {}) ?? []) : []
    if (describeLines(posted) !== describeLines(expected)) {
      throw new InvariantViolation(
        1,
        `${verb} ${id} should have posted [${describeLines(expected)}], but posted [${describeLines(posted)}]`,
      )
    }
  }
  for (const { mutation } of truth.lines) {
    if (!acknowledged.has(mutation))
      throw new InvariantViolation(1, `the ledger has ${mutation}, which no device recorded`)
  }
}

/** An approval only posts counts: on each position the quantity of one of its lines, at the time of that line. */
function checkApproval(id: string, posted: readonly ModelLine[], truth: World['truth']): void {
  const lines = truth.rows.filter(({ kind, row }) => kind === 'countLines' && row['state'] === 'approved')
  for (const { kind, position, amount, at } of posted) {
    const matches = lines.some(
      ({ row }) =>
        `${row['item_id'] as string}/${row['location_id'] as string}/${row['lot'] as string}` === position &&
        row['counted'] === amount &&
        row['at'] === at,
    )
    if (kind === 'count' && matches) continue
    throw new InvariantViolation(
      1,
      `the approval ${id} posted ${kind} ${amount} at ${position}, which matches none of its lines`,
    )
  }
}

function describeLines(lines: readonly Pick<ModelLine, 'kind' | 'position' | 'amount'>[]): string {
  return lines
    .map(({ kind, position, amount }) => `${kind} ${amount} at ${position}`)
    .toSorted()
    .join('; ')
}

function positionsEqualTheirEntries({ truth }: World): void {
  const modelPositions = positionsAt(truth.lines, truth.head.version)
  const positions = new Map(truth.rows.filter(({ kind }) => kind === 'positions').map(({ key, row }) => [key, row]))
  for (const key of new Set([...modelPositions.keys(), ...positions.keys()])) {
    const expected = modelPositions.get(key)
    const { quantity, counted_at } = positions.get(key) ?? {}
    if (quantity === expected?.quantity && counted_at === expected?.countedAt) continue
    throw new InvariantViolation(
      2,
      `${key} is ${String(quantity)} counted ${String(counted_at)}, but its entries result in ${canonical(expected)}`,
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
    throw new InvariantViolation(4, `${commits.length} commits, but version ${truth.head.version}`)
  const beyond = [...truth.rows, ...truth.lines].find(({ version }) => version > truth.head.version)
  if (beyond)
    throw new InvariantViolation(4, `a row has version ${beyond.version}, but the server is at ${truth.head.version}`)
}

/**
 * Every line of both logs contains the hash of the line before it. Uses the product's hash function but walks
 * separately.
 */
async function hashChainsAreComplete({ stage, people }: World): Promise<void> {
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
        throw new InvariantViolation(4, `line ${line.no} of ${name} does not contain the hash of the line before`)
      previous = hash
    }
  }
}

/**
 * However wrong a clock was, entries are at the time when they were made, give or take the duration of their request.
 */
function stampsAreCorrect({ acknowledged, truth, plan, servers }: World): void {
  const isSteady = !plan.steps.some((step) => step.do === 'set clock')
  if (!isSteady) return // a mutation made before a clock was set may have been sent after it
  const tolerance = CLOCK_TOLERANCE_MS + servers.longestRequestMs
  for (const { mutation, at, kind } of truth.lines) {
    const made = acknowledged.get(mutation)
    if (!made || kind === 'void' || made.verb === 'count.approve') continue
    const wrongMs = Number.parseInt(at.slice(0, 12), 16) - made.at
    if (Math.abs(wrongMs) > tolerance)
      throw new InvariantViolation(11, `${made.verb} ${mutation} is ${wrongMs} ms away from the time when it was made`)
  }
}

/** The error that the server leaves uncorrected, plus the duration of a step. */
const CLOCK_TOLERANCE_MS = 4_000

/** The rows on the disk are the rows that were shown. */
async function storageReopens({ devices, truth }: World): Promise<void> {
  for (const device of devices) {
    await device.crash()
    const [tab] = device.tabs
    for (const row of truth.rows) checkRow(tab!, row)
    const visible = truth.rows.filter(({ kind, deleted, row }) => {
      if (deleted) return false
      return kind !== 'conflicts' || device.person.role === 'manager' || row.user_id === device.person.userId
    })
    const { rowCount } = tab!.device
    if (rowCount !== visible.length)
      throw new InvariantViolation(6, `${device.name} has ${rowCount} rows, but should have ${visible.length}`)
  }
}
