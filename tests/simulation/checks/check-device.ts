// Rules that a device must keep at every moment, checked from outside against the database and the reference model.
import { InvariantViolation } from './invariant-violation.ts'
import { checkTabs } from './check-tabs.ts'
import { metaOn } from '../device/disk.ts'
import type { ModelEntry } from './reference-model.ts'
import { postedBy, positionsAt, walk } from './reference-model.ts'
import type { TruthRow } from './server-truth.ts'
import type { SimulatedDevice } from '../device/simulated-device.ts'
import type { SimulatedTab } from '../device/simulated-tab.ts'
import type { World } from '../world/world.ts'

export function checkDevice(world: World, device: SimulatedDevice): void {
  const { acknowledged, truth } = world
  checkTabs(device)
  if (world.isUnawareOfRestore(device)) return // its rows belong to a history that no longer exists
  const { point } = metaOn(device.storage)
  const outbox = device.outbox()
  const pendingIds = new Set(outbox.map(({ envelope }) => envelope.id))
  for (const { id, device: name } of acknowledged.values()) {
    if (name !== device.name || pendingIds.has(id)) continue
    if (!truth.mutations.has(id))
      throw new InvariantViolation(1, `${id} is neither in the outbox of ${name} nor on the server`)
    // A refused mutation leaves the outbox with its refusal, and may take effect much later.
    const version = truth.conflicts.some((conflict) => conflict.id === id) ? 0 : (truth.versionOf.get(id) ?? 0)
    if (point?.complete && version > point.version) {
      throw new InvariantViolation(
        5,
        `${name} removed ${id} from its outbox at version ${point.version}, but its rows are version ${version}`,
      )
    }
  }
  for (const tab of device.awake) if (tab.device.syncPoint.value.complete) checkShown(world, tab, outbox)
}

function checkShown(world: World, tab: SimulatedTab, outbox: Outbox): void {
  checkQuantities(world, tab, outbox)
  if (outbox.length > 0) return
  for (const row of world.truth.rows) {
    if (tab.host.person.changed && BY_ROLE.has(row.kind)) continue // it shows the rows of the former role until it pulls
    if (row.version <= tab.device.syncPoint.value.version) checkRow(tab, row)
  }
}

/** Kinds of rows that not everybody may see in full. */
const BY_ROLE = new Set(['conflicts', 'members'])

/** Every position shows the quantity of the ledger at the device's version, with the pending mutations over it. */
function checkQuantities(world: World, { agent, device }: SimulatedTab, outbox: Outbox): void {
  const { name } = agent
  const { version } = device.syncPoint.value
  // A skipped mutation comes after all others, and mutations that depend on it have no effect on the screen.
  if (device.queue.skipped.value.length > 0) return
  const modelPositions = positionsAt(world.truth.lines, version)
  const pending = pendingOf(outbox.filter(({ envelope }) => !world.poison.has(envelope.id)))
  if (!pending) return
  for (const position of new Set([...modelPositions.keys(), ...pending.keys()])) {
    const { quantity, countedAt } = modelPositions.get(position) ?? { quantity: 0, countedAt: null }
    const base: ModelEntry = { id: '', at: countedAt ?? '', counts: true, amount: quantity }
    const own = pending.get(position) ?? []
    // Own entries keep their own order. Only the server knows their order relative to another person's count, so until
    // then both results are correct.
    const inOrder = own.map((entry, index) => ({ ...entry, at: `~${String(index).padStart(6, '0')}` }))
    const expected = [walk([base, ...own]).quantity, walk([base, ...inOrder]).quantity]
    const [itemId = '', locationId = '', lot] = position.split('/')
    const shown = device.queries.position(itemId, locationId, lot)
    if (shown.uncertain || expected.includes(shown.quantity)) continue
    throw new InvariantViolation(
      5,
      `${name} shows ${shown.quantity} at ${position}; at version ${version} it should be ${expected.join(' or ')}`,
    )
  }
}

type Outbox = ReturnType<SimulatedDevice['outbox']>

/** The pending entries by position, or undefined if undoing and resending make more than a sum necessary. */
function pendingOf(outbox: Outbox): Map<string, ModelEntry[]> | undefined {
  const pending = new Map<string, ModelEntry[]>()
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

/** Checks a row that a tab must show exactly, or must not show. */
export function checkRow({ agent, host, device }: SimulatedTab, { kind, key, deleted, version, row }: TruthRow): void {
  const { name } = agent
  const { person } = host
  const shown = device.queries.row(kind as 'items', key) as unknown as Record<string, unknown> | undefined
  const isHidden = kind === 'conflicts' && person.role !== 'manager' && row.user_id !== person.userId
  if (isHidden || deleted) {
    if (shown) throw new InvariantViolation(isHidden ? 8 : 3, `${name} shows ${kind} ${key}, which it should not`)
    return
  }
  if (!shown)
    throw new InvariantViolation(
      3,
      `${name} is at version ${device.syncPoint.value.version} without ${kind} ${key} of version ${version}`,
    )
  for (const [column, value] of Object.entries(row)) {
    const field = FIELDS[column] ?? column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (!(field in shown)) continue
    const expected = kind === 'members' && field === 'email' && person.role !== 'manager' ? null : value
    if (canonical(shown[field]) === canonical(expected)) continue
    const rule = expected === null ? 8 : 3
    throw new InvariantViolation(
      rule,
      `${name} shows ${kind} ${key} with ${field} ${canonical(shown[field])}, but the server has ${canonical(value)}`,
    )
  }
}

const FIELDS: Record<string, string> = { opened_at_ms: 'openedAt' }

export function canonical(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  return `{${Object.entries(value)
    .map(([key, inner]) => `${key}:${canonical(inner)}`)
    .toSorted()
    .join()}}`
}
