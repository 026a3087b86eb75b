// The draft of a manual movement: its defaults, missing fields, and the resulting movement.
import { type MovementReason, REASONS_TO_CHOOSE } from '#shared/values/reasons.ts'
import type { Item } from '#shared/rows/rows.ts'
import type { Device } from '../../device/device.ts'
import type { Movement, MovementKind } from '../../domain/movement.ts'
import { t } from '../../strings/strings.ts'

export interface MovementDraft {
  locationId: string | undefined
  toLocationId: string | undefined
  lot: string
  expiresOn: string
  /** Thousandths. */
  quantity: number
  reason: string
  /** When the person chose this location, Unix ms. A count may or may not include movements after that. */
  begunAtMs: number
}

/** The kind of movement and the item, at a position that is already chosen, if any. */
export interface MovementTask {
  item: Item
  kind: MovementKind
  at?: { locationId: string; lot: string } | undefined
}

export function startDraft(device: Device, { item, kind, at }: MovementTask, nowMs: number): MovementDraft {
  // Starts at the position with the most stock. Without one, the person chooses the location.
  const [largest] = device.queries.positionsOf(item.id).toSorted((a, b) => b.quantity - a.quantity)
  const first = at ?? largest
  return {
    locationId: first?.locationId,
    toLocationId: undefined,
    lot: kind === 'receive' ? '' : (first?.lot ?? ''),
    expiresOn: '',
    quantity: kind === 'count' ? recordedAt(device, item, first) : 1000,
    reason: '',
    begunAtMs: nowMs,
  }
}

/** The draft at another location. A quantity that was read from the first location's stock is replaced. */
export function withLocation(
  device: Device,
  { draft, item, kind }: { draft: MovementDraft; item: Item; kind: MovementKind },
  { locationId, nowMs }: { locationId: string; nowMs: number },
): MovementDraft {
  if (locationId === draft.locationId) return draft
  const quantity = kind === 'count' ? recordedAt(device, item, { locationId, lot: draft.lot }) : draft.quantity
  return { ...draft, locationId, quantity, begunAtMs: nowMs }
}

/** The default of a count: the recorded quantity, or zero if it is negative. Thousandths. */
function recordedAt(device: Device, item: Item, at: { locationId: string; lot: string } | undefined): number {
  return at === undefined ? 0 : Math.max(0, device.queries.position(item.id, at.locationId, at.lot).quantity)
}

export function movementFrom(draft: MovementDraft, item: Item, kind: MovementKind): Movement | undefined {
  const { locationId, toLocationId, lot, expiresOn, quantity, reason, begunAtMs } = draft
  if (!locationId || (kind === 'move' && !toLocationId)) return undefined
  const trimmedLot = lot.trim() || undefined
  return {
    kind,
    itemId: item.id,
    locationId,
    quantity,
    toLocationId,
    lot: trimmedLot,
    expiresOn: expiresOn || undefined,
    reason: reason || undefined,
    // goods that are moved by hand leave and arrive at the same time
    begunAtMs: kind === 'count' ? begunAtMs : undefined,
  }
}

export function missingIn(draft: MovementDraft, item: Item, kind: MovementKind): string | undefined {
  if (!draft.locationId) return t('move.locationMissing')
  if (kind === 'move' && !draft.toLocationId) return t('move.toMissing')
  if (item.tracksLots && draft.lot.trim() === '') return t('lot.missing')
  if (kind !== 'count' && draft.quantity === 0) return t('move.quantityMissing')
  return undefined
}

export function reasonsFor(kind: 'receive' | 'withdraw') {
  const reasons: readonly MovementReason[] = REASONS_TO_CHOOSE[kind]
  return [
    { value: '', label: t('reason.none') },
    ...reasons.map((reason) => ({ value: reason as string, label: t(`reason.${reason}`) })),
  ]
}
