// Which alerts follow from a group: what it changed in whole stocks and at places, put before the rules of levels.
import type { WorkingSet, Change } from '#shared/working-set/working-set.ts'
import type { Alert, Item, Level, Position } from '#shared/rows/rows.ts'
import { levelKey } from '#shared/rows/rows.ts'
import type { Decided } from './decide-group.ts'
import type { AlertInputs } from '../store/alert-inputs-store.ts'

export interface LevelChange {
  /** Items whose stock changed, with their whole stock, in thousandths. */
  items: { item: Item; total: number }[]
  /** Levels of single places, with what lies there of the item. */
  locations: { level: Level; total: number }[]
  positions: Position[]
  /** Alerts on these items that are not resolved. */
  open: Alert[]
  nowMs: number
  /** Makes the ids of new alerts differ from earlier ones about the same thing. */
  seed: string
}

/** Which alert rows a change of stock asks for. Handed in by main.ts, so that the ledger does not know of alerts. */
export type AlertRules = (change: LevelChange) => Alert[]

/** The alerts that a group opens, changes or ends. */
export function evaluateAlerts(
  judgeLevels: AlertRules,
  {
    book: workingSet,
    changes,
    forAlerts: alertInputs,
    nowMs,
    decided,
  }: {
    book: WorkingSet
    changes: Map<string, Change>
    forAlerts: AlertInputs
    nowMs: number
    decided: Decided[]
  },
): Alert[] {
  const isLate = decided.length > 0 && decided.every((one) => one.isLate)
  if (!isLate && !decided.some(({ batch }) => batch.device)) return []
  const positions: Position[] = []
  const ofItems = new Sums()
  const ofPlaces = new Sums()
  for (const { kind, key, before, after } of changes.values()) {
    if (kind === 'items' && before && changesLevels(before as Item, after as Item)) ofItems.add(key, 0)
    if (kind === 'levels') ofPlaces.add(key, 0)
    if (kind !== 'positions') continue
    const position = after as Position
    const delta = position.quantity - ((before as Position | undefined)?.quantity ?? 0)
    if (delta === 0) continue
    positions.push(position)
    ofItems.add(position.itemId, delta)
    ofPlaces.add(levelKey(position.itemId, position.locationId), delta)
  }
  const items = [...ofItems.sums].flatMap(([id, delta]) => {
    const item = workingSet.row('items', id)
    return item ? [{ item, total: (alertInputs.totals.get(id) ?? 0) + delta }] : []
  })
  const places = placesOf(alertInputs, changes).flatMap(({ level, total }) => {
    const delta = ofPlaces.sums.get(levelKey(level.itemId, level.locationId))
    return delta === undefined ? [] : [{ level, total: total + delta }]
  })
  const open = alertInputs.alerts.map(
    (alert) => (changes.get(`alerts ${alert.id}`)?.after as Alert | undefined) ?? alert,
  )
  const seed = `${decided[0]!.envelope.id}`
  return judgeLevels({ items, locations: places, positions, open, nowMs, seed })
}

class Sums {
  readonly sums = new Map<string, number>()
  add(key: string, delta: number): void {
    this.sums.set(key, (this.sums.get(key) ?? 0) + delta)
  }
}

/** The levels of single places, as this group leaves them. */
function placesOf({ places }: AlertInputs, changes: Map<string, Change>): AlertInputs['places'] {
  const known = new Map(places.map((place) => [levelKey(place.level.itemId, place.level.locationId), place]))
  for (const { kind, key, after } of changes.values()) {
    if (kind === 'levels') known.set(key, { level: after as Level, total: known.get(key)?.total ?? 0 })
  }
  return [...known.values()]
}

function changesLevels(before: Item, after: Item): boolean {
  return before.low !== after.low || before.high !== after.high
}
