// A movement by hand before it is recorded: where it starts from, what is missing, what it becomes.
import type { Item } from '#shared/rows/rows.ts'
import type { Device } from '../../device/device.ts'
import type { Movement, MovementKind } from '../../parts/movement.ts'
import { t } from '../../strings/strings.ts'

export interface MovementDraft {
  locationId: string | undefined
  toLocationId: string | undefined
  lot: string
  expiresOn: string
  /** Thousandths. */
  quantity: number
  reason: string
}

export function startDraft(device: Device, item: Item, kind: MovementKind): MovementDraft {
  // Where most of it lies; where it lies nowhere yet, the person says.
  const [first] = device.view.positionsOf(item.id).toSorted((a, b) => b.quantity - a.quantity)
  const quantity = kind === 'count' ? Math.max(0, first?.quantity ?? 0) : 1000
  return {
    locationId: first?.locationId,
    toLocationId: undefined,
    lot: kind === 'receive' ? '' : (first?.lot ?? ''),
    expiresOn: '',
    quantity,
    reason: '',
  }
}

export function movementFrom(draft: MovementDraft, item: Item, kind: MovementKind): Movement | undefined {
  const { locationId, toLocationId, lot, expiresOn, quantity, reason } = draft
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
  const reasons =
    kind === 'receive' ? (['found', 'returned'] as const) : (['damaged', 'expired', 'lost', 'own_use'] as const)
  return [
    { value: '', label: t('reason.none') },
    ...reasons.map((reason) => ({ value: reason as string, label: t(`reason.${reason}`) })),
  ]
}
