// Which alerts a change of stock opens, updates or resolves. Pure. The ledger calls it inside the commit, so there is no alert
// without its commit and no commit without its alert. Keeps A1–A3.
import type { Alert, Item, Level, Position } from '#shared/rows/rows.ts'
import { derivedId } from '#shared/values/id.ts'
import type { LevelChange } from '../ledger/commit/evaluate-alerts.ts'

/** An alert resolves only when the stock is beyond its level by this share. Otherwise stock near the level would flicker. */
const HYSTERESIS = 0.1

type Verdict = Pick<Alert, 'kind' | 'itemId' | 'locationId' | 'lot' | 'quantity' | 'level'> & {
  state: 'opens' | 'stays' | 'resolves'
}

/** The alert rows that change. */
export function alertRules({ items, locations, positions, open, nowMs, seed }: LevelChange): Alert[] {
  const verdicts = [...positions.map(checkPosition), ...items.flatMap(checkItem), ...locations.flatMap(checkLocation)]
  const unresolved = new Map(open.map((alert) => [subjectOf(alert), alert]))
  return verdicts.flatMap((verdict) => {
    const alert = unresolved.get(subjectOf(verdict))
    const { state, ...facts } = verdict
    if (!alert) return state === 'opens' ? [newAlert(facts, { nowMs, seed })] : []
    if (state === 'resolves') return [{ ...alert, ...facts, state: 'resolved' as const }]
    return alert.quantity === facts.quantity && alert.level === facts.level ? [] : [{ ...alert, ...facts }]
  })
}

function checkPosition({ itemId, locationId, lot, quantity }: Position): Verdict {
  const state = quantity < 0 ? 'opens' : 'resolves'
  return { kind: 'negative_stock', itemId, locationId, lot, quantity, level: 0, state }
}

function checkItem({ item, total }: { item: Item; total: number }): Verdict[] {
  return check({ itemId: item.id, locationId: null, lot: null, quantity: total }, item)
}

/** A deleted level has no bounds, so its alerts resolve. */
function checkLocation({ level, total }: { level: Level; total: number }): Verdict[] {
  return check({ itemId: level.itemId, locationId: level.locationId, lot: null, quantity: total }, level)
}

function check(
  about: { itemId: string; locationId: string | null; lot: null; quantity: number },
  { low, high }: Pick<Level, 'low' | 'high'>,
): Verdict[] {
  const total = about.quantity
  return [
    { ...about, kind: 'low_stock', level: low, state: stateBelow(total, low) },
    { ...about, kind: 'high_stock', level: high, state: stateAbove(total, high) },
  ]
}

/** Removing a level resolves its alert. */
function stateBelow(total: number, low: number | null): Verdict['state'] {
  if (low === null || total >= low * (1 + HYSTERESIS)) return 'resolves'
  return total < low ? 'opens' : 'stays'
}

function stateAbove(total: number, high: number | null): Verdict['state'] {
  if (high === null || total <= high * (1 - HYSTERESIS)) return 'resolves'
  return total > high ? 'opens' : 'stays'
}

/** The subject of an alert. Either all alerts of a kind have a lot, or none has. */
function subjectOf({ kind, itemId, locationId, lot }: Pick<Alert, 'kind' | 'itemId' | 'locationId' | 'lot'>): string {
  return `${kind} ${itemId} ${locationId ?? ''} ${lot ?? ''}`
}

function newAlert(facts: Omit<Verdict, 'state'>, { nowMs, seed }: { nowMs: number; seed: string }): Alert {
  return { ...facts, id: derivedId(seed, subjectOf(facts)), state: 'open', openedAt: nowMs, ...UNTOUCHED, version: 0 }
}

const UNTOUCHED = { acknowledgedBy: null, snoozedUntil: null }
