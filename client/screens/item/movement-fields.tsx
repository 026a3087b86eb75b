// The fields of a movement by hand that not every one has: its place, its lot.
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
  const here = device.queries
    .positionsOf(item.id)
    .filter(({ lot, locationId }) => lot !== '' && (kind === 'receive' || locationId === draft.locationId))
  return (
    <>
      <Field label={t('lot.label')} value={draft.lot} onInput={(lot) => set({ lot })} maxLength={60} />
      {here.length > 0 && (
        <div class="cluster">
          {here.map(({ lot, locationId, quantity }) => (
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

type PlaceProps = { label: string; locationId: string | undefined; onPress: () => void; item: Item }

export function LocationButton({ label, locationId, onPress, item }: PlaceProps) {
  const { device } = useWorkspace()
  const here =
    locationId === undefined
      ? undefined
      : device.queries
          .positionsOf(item.id)
          .filter((position) => position.locationId === locationId)
          .reduce((sum, { quantity }) => sum + quantity, 0)
  return (
    <div class="place-button">
      <p class="strong">{label}</p>
      <Button icon={MapPin} wide onPress={onPress}>
        {locationId === undefined ? t('scan.choosePlace') : locationName(device, locationId)}
        {here !== undefined && <span class="soft"> · {formatQuantity(here, item)}</span>}
      </Button>
    </div>
  )
}
