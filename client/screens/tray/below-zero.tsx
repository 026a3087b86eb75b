// Positions below zero. Only a count at the location can correct them.
import { useWorkspace } from '../../context/workspace.ts'
import { itemName, locationName } from '../../domain/names.ts'
import type { DisplayedPosition } from '../../device/state/queries.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'

/** Counting the first ones brings up the others. */
const SHOWN_MAX = 100

export function BelowZero({ positions }: { readonly positions: readonly DisplayedPosition[] }) {
  const { device } = useWorkspace()
  if (positions.length === 0) return null
  const byName = positions.toSorted((a, b) => itemName(device, a.itemId).localeCompare(itemName(device, b.itemId)))
  return (
    <Card title={t('tray.belowZero')} badge={<Tag tone="bad">{positions.length}</Tag>} flush>
      <p class="tray-hint soft">{t('tray.belowZeroHint')}</p>
      <RowList label={t('tray.belowZero')}>
        {byName.slice(0, SHOWN_MAX).map(({ itemId, locationId, lot, quantity }) => (
          <Row
            key={`${itemId}/${locationId}/${lot}`}
            title={itemName(device, itemId)}
            note={[locationName(device, locationId), lot && t('words.lot', { lot })].filter(Boolean).join(' · ')}
            trail={<b class="num bad-ink">{formatQuantity(quantity, device.queries.item(itemId))}</b>}
            href={`/items/${itemId}`}
          />
        ))}
      </RowList>
    </Card>
  )
}
