// A movement by hand before it is recorded: where it starts from, what is missing, what it becomes.
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
  /** When the person turned to this shelf, Unix ms: what is moved from then on may or may not be in a count. */
  begunAtMs: number
}

/** What is done, to which item; at a shelf that the person chose already, or not. */
export interface MovementTask {
  item: Item
  kind: MovementKind
  at?: { locationId: string; lot: string } | undefined
}

export function startDraft(device: Device, { item, kind, at }: MovementTask, nowMs: number): MovementDraft {
  // Where most of it lies; where it lies nowhere yet, the person says.
  const [most] = device.queries.positionsOf(item.id).toSorted((a, b) => b.quantity - a.quantity)
  const first = at ?? most
  return {
    locationId: first?.locationId,
    toLocationId: undefined,
    lot: kind === 'receive' ? '' : (first?.lot ?? ''),
    expiresOn: '',
    quantity: kind === 'count' ? knownAt(device, item, first) : 1000,
    reason: '',
    begunAtMs: nowMs,
  }
}

/** The draft at another place: what was said of the first one's stock is not said of this one's. */
export function withLocation(
  device: Device,
  { draft, item, kind }: { draft: MovementDraft; item: Item; kind: MovementKind },
  { locationId, nowMs }: { locationId: string; nowMs: number },
): MovementDraft {
  if (locationId === draft.locationId) return draft
  const quantity = kind === 'count' ? knownAt(device, item, { locationId, lot: draft.lot }) : draft.quantity
  return { ...draft, locationId, quantity, begunAtMs: nowMs }
}

/** What a count begins with: as the records have it, and nothing where they are below zero. Thousandths. */
function knownAt(device: Device, item: Item, at: { locationId: string; lot: string } | undefined): number {
  return at === undefined ? 0 : Math.max(0, device.queries.position(item.id, at.locationId, at.lot).quantity)
}

export function movementFrom(draft: MovementDraft, item: Item, kind: MovementKind): Movement | undefined {
  const { locationId, toLocationId, lot, expiresOn, quantity, reason, begunAtMs } = draft
  if (!locationId || (kind === 'move' && !toLocationId)) return undefined
  const batch = lot.trim() || undefined
  return {
    kind,
    itemId: item.id,
    locationId,
    quantity,
    toLocationId,
    lot: batch,
    expiresOn: expiresOn || undefined,
    reason: reason || undefined,
    begunAtMs: kind === 'count' ? begunAtMs : undefined, // goods that are moved by hand arrive as they leave
  }
}

export function missingIn(draft: MovementDraft, item: Item, kind: MovementKind): string | undefined {
  if (!draft.locationId) return t('move.placeMissing')
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
