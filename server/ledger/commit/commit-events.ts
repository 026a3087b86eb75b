// The rows and events that a commit publishes. Keeps V1–V2.
import { toUnits } from '#shared/values/quantity.ts'
import type { LiveEvent } from '#shared/protocol/wire.ts'
import { LIVE_ROWS_MAX_BYTES } from '#shared/protocol/limits.ts'
import type { Change } from '#shared/working-set/working-set.ts'
import type { Kind, Row, WireTables } from '#shared/rows/rows.ts'
import { encodeTable } from '#shared/rows/rows.ts'

/** Events beyond this number are left out: the rows say the same, and an import would send thousands. */
const EVENTS_MAX = 200

/** Returns undefined if the rows are too large for a live message. Devices then pull them. */
export function tablesOf(rows: Map<Kind, Row<Kind>[]>): WireTables | undefined {
  const tables: WireTables = {}
  for (const [kind, changed] of rows) tables[kind] = encodeTable(kind, changed)
  return Buffer.byteLength(JSON.stringify(tables)) <= LIVE_ROWS_MAX_BYTES ? tables : undefined
}

export function eventsOf(changes: Iterable<Change>): LiveEvent[] {
  const events: LiveEvent[] = []
  for (const change of changes) {
    if (events.length === EVENTS_MAX) break
    const event = eventOf(change)
    if (event) events.push(event)
  }
  return events
}

const CATALOGUE_EVENTS: Partial<Record<Kind, string>> = {
  items: 'item',
  categories: 'category',
  locations: 'location',
}

function eventOf({ kind, before, after }: Change): LiveEvent | undefined {
  const name = CATALOGUE_EVENTS[kind]
  if (name) {
    const { id, archived } = after as Row<'items'>
    if (!before) return { type: `${name}_created`, id }
    return { type: archived && !(before as Row<'items'>).archived ? `${name}_deleted` : `${name}_updated`, id }
  }
  if (kind === 'positions') {
    const { itemId, locationId, lot, quantity } = after as Row<'positions'>
    return { type: 'stock_changed', itemId, locationId, lot, quantity: toUnits(quantity) }
  }
  if (kind === 'alerts') {
    const alert = after as Row<'alerts'>
    const type = alert.state === 'resolved' ? 'alert_resolved' : `${alert.kind}_alert`
    const { id, itemId, locationId } = alert
    return { type, id, itemId, locationId, quantity: alert.quantity === null ? null : toUnits(alert.quantity) }
  }
  return kind === 'conflicts' ? { type: 'conflict_changed', id: (after as Row<'conflicts'>).id } : undefined
}
