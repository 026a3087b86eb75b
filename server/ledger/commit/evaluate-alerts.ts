// The alerts that follow from a group: passes the changed totals, of items and at locations, to the rules for alerts.
// Keeps A2.
import type { WorkingSet, Change } from '#shared/working-set/working-set.ts'
import type { Alert, Item, Level, Position } from '#shared/rows/rows.ts'
import { levelKey } from '#shared/rows/rows.ts'
import type { Decided } from './decide-group.ts'
import type { AlertInputs } from '../store/alert-inputs-store.ts'

export interface LevelChange {
  /** Items whose stock or levels changed, with their total stock in thousandths. */
  items: { item: Item; total: number }[]
  /** Levels of single locations that may be crossed, with the stock of the item there in thousandths. */
  locations: { level: Level; total: number }[]
  positions: Position[]
  /** Unresolved alerts on these items. */
  open: Alert[]
  nowMs: number
  /** Makes the ids of new alerts differ from earlier ones about the same thing. */
  seed: string
}

/** Returns the alert rows to write. Passed in by main.ts, because ledger/ must not import alerts/. */
export type AlertRules = (change: LevelChange) => Alert[]

/** The alerts that a group opens, changes or resolves. */
export function evaluateAlerts(
  rules: AlertRules,
  {
    workingSet,
    changes,
    alertInputs,
    nowMs,
    decided,
  }: {
    workingSet: WorkingSet
    changes: ReadonlyMap<string, Change>
    alertInputs: AlertInputs
    nowMs: number
    decided: readonly Decided[]
  },
): Alert[] {
  const isLate = decided.length > 0 && decided.every((one) => one.isLate)
  if (!isLate && !decided.some(({ batch }) => batch.device)) return []
  const positions: Position[] = []
  const itemDeltas = new Sums()
  const locationDeltas = new Sums()
  for (const { kind, key, before, after } of changes.values()) {
    if (kind === 'items' && before && changesLevels(before as Item, after as Item)) itemDeltas.add(key, 0)
    if (kind === 'levels') locationDeltas.add(key, 0)
    if (kind !== 'positions') continue
    const position = after as Position
    const delta = position.quantity - ((before as Position | undefined)?.quantity ?? 0)
    if (delta === 0) continue
    positions.push(position)
    itemDeltas.add(position.itemId, delta)
    locationDeltas.add(levelKey(position.itemId, position.locationId), delta)
  }
  const items = [...itemDeltas.sums].flatMap(([id, delta]) => {
    const item = workingSet.row('items', id)
    return item ? [{ item, total: (alertInputs.totals.get(id) ?? 0) + delta }] : []
  })
  const locations = locationLevels(alertInputs, changes).flatMap(({ level, total }) => {
    const delta = locationDeltas.sums.get(levelKey(level.itemId, level.locationId))
    return delta === undefined ? [] : [{ level, total: total + delta }]
  })
  const open = alertInputs.alerts.map(
    (alert) => (changes.get(`alerts ${alert.id}`)?.after as Alert | undefined) ?? alert,
  )
  const seed = `${decided[0]!.envelope.id}`
  return rules({ items, locations, positions, open, nowMs, seed })
}

class Sums {
  readonly sums = new Map<string, number>()
  add(key: string, delta: number): void {
    this.sums.set(key, (this.sums.get(key) ?? 0) + delta)
  }
}

/** The levels of single locations after this group, with the stock there before it. */
function locationLevels({ locations }: AlertInputs, changes: ReadonlyMap<string, Change>): AlertInputs['locations'] {
  const known = new Map(locations.map((one) => [levelKey(one.level.itemId, one.level.locationId), one]))
  for (const { kind, key, after } of changes.values()) {
    if (kind === 'levels') known.set(key, { level: after as Level, total: known.get(key)?.total ?? 0 })
  }
  return [...known.values()]
}

function changesLevels(before: Item, after: Item): boolean {
  return before.low !== after.low || before.high !== after.high
}
