// The optional fields of a manual movement: its location and lot.
import { MapPin } from 'lucide-preact'
import type { Item } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import type { MovementKind } from '../../domain/movement.ts'
import { locationName } from '../../domain/names.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Field } from '../../ui/controls/field.tsx'
import type { MovementDraft } from './movement-draft.ts'

type LotProps = { item: Item; kind: MovementKind; draft: MovementDraft; set: (changed: Partial<MovementDraft>) => void }

export function LotFields({ item, kind, draft, set }: LotProps) {
  const { device } = useWorkspace()
  if (!item.tracksLots) return null
  const lots = device.queries
    .positionsOf(item.id)
    .filter(({ lot, locationId }) => lot !== '' && (kind === 'receive' || locationId === draft.locationId))
  return (
    <>
      <Field label={t('lot.label')} value={draft.lot} onInput={(lot) => set({ lot })} maxLength={60} />
      {lots.length > 0 && (
        <div class="cluster">
          {lots.map(({ lot, locationId, quantity }) => (
            <Button key={`${locationId}/${lot}`} pressed={lot === draft.lot} onPress={() => set({ lot })}>
              {t('lot.choice', { lot, quantity: formatQuantity(quantity, { decimals: item.decimals }) })}
            </Button>
          ))}
        </div>
      )}
      {kind === 'receive' && (
        <Field
          label={t('lot.expiry')}
          kind="date"
          value={draft.expiresOn}
          onInput={(expiresOn) => set({ expiresOn })}
        />
      )}
    </>
  )
}

type LocationButtonProps = { label: string; locationId: string | undefined; onPress: () => void; item: Item }

export function LocationButton({ label, locationId, onPress, item }: LocationButtonProps) {
  const { device } = useWorkspace()
  const quantity =
    locationId === undefined
      ? undefined
      : device.queries
          .positionsOf(item.id)
          .filter((position) => position.locationId === locationId)
          .reduce((sum, position) => sum + position.quantity, 0)
  return (
    <div class="location-button">
      <p class="strong">{label}</p>
      <Button icon={MapPin} wide onPress={onPress}>
        {locationId === undefined ? t('scan.chooseLocation') : locationName(device, locationId)}
        {quantity !== undefined && <span class="soft"> · {formatQuantity(quantity, item)}</span>}
      </Button>
    </div>
  )
}
