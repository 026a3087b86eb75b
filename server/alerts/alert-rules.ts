// Which alerts a change of stock opens, keeps up to date, or resolves. Pure; the ledger calls it inside the commit, so
// that there is no alert without its commit and no commit without its alert. Keeps A1–A3.
import type { Alert, Item, Level, Position } from '#shared/rows/rows.ts'
import { derivedId } from '#shared/values/id.ts'
import type { LevelChange } from '../ledger/commit/evaluate-alerts.ts'

/** An alert that opened at a level resolves only beyond it by this part, so that stock around it does not flicker. */
const HYSTERESIS = 0.1

type Judged = Pick<Alert, 'kind' | 'itemId' | 'locationId' | 'lot' | 'quantity' | 'level'> & {
  state: 'opens' | 'stays' | 'resolves'
}

/** The alert rows that change. */
export function alertRules({ items, locations, positions, open, nowMs, seed }: LevelChange): Alert[] {
  const judged = [...positions.map(judgePosition), ...items.flatMap(judgeItem), ...locations.flatMap(judgePlace)]
  const unresolved = new Map(open.map((alert) => [subjectOf(alert), alert]))
  return judged.flatMap((verdict) => {
    const standing = unresolved.get(subjectOf(verdict))
    const { state, ...facts } = verdict
    if (!standing) return state === 'opens' ? [newAlert(facts, { nowMs, seed })] : []
    if (state === 'resolves') return [{ ...standing, ...facts, state: 'resolved' as const }]
    return standing.quantity === facts.quantity && standing.level === facts.level ? [] : [{ ...standing, ...facts }]
  })
}

function judgePosition({ itemId, locationId, lot, quantity }: Position): Judged {
  const state = quantity < 0 ? 'opens' : 'resolves'
  return { kind: 'negative_stock', itemId, locationId, lot, quantity, level: 0, state }
}

function judgeItem({ item, total }: { item: Item; total: number }): Judged[] {
  return judge({ itemId: item.id, locationId: null, lot: null, quantity: total }, item)
}

/** A level that was deleted has no bounds any more, so its alerts resolve. */
function judgePlace({ level, total }: { level: Level; total: number }): Judged[] {
  return judge({ itemId: level.itemId, locationId: level.locationId, lot: null, quantity: total }, level)
}

function judge(
  about: { itemId: string; locationId: string | null; lot: null; quantity: number },
  { low, high }: Pick<Level, 'low' | 'high'>,
): Judged[] {
  const total = about.quantity
  return [
    { ...about, kind: 'low_stock', level: low, state: stateBelow(total, low) },
    { ...about, kind: 'high_stock', level: high, state: stateAbove(total, high) },
  ]
}

/** A level that was taken away resolves its alert. */
function stateBelow(total: number, low: number | null): Judged['state'] {
  if (low === null || total >= low * (1 + HYSTERESIS)) return 'resolves'
  return total < low ? 'opens' : 'stays'
}

function stateAbove(total: number, high: number | null): Judged['state'] {
  if (high === null || total <= high * (1 - HYSTERESIS)) return 'resolves'
  return total > high ? 'opens' : 'stays'
}

/** What an alert is about. Those of one kind all name a lot, or none does. */
function subjectOf({ kind, itemId, locationId, lot }: Pick<Alert, 'kind' | 'itemId' | 'locationId' | 'lot'>): string {
  return `${kind} ${itemId} ${locationId ?? ''} ${lot ?? ''}`
}

function newAlert(facts: Omit<Judged, 'state'>, { nowMs, seed }: { nowMs: number; seed: string }): Alert {
  return { ...facts, id: derivedId(seed, subjectOf(facts)), state: 'open', openedAt: nowMs, ...UNTOUCHED, version: 0 }
}

const UNTOUCHED = { acknowledgedBy: null, snoozedUntil: null }
