// The positions of an item. Those below zero come first, and ask to be counted.
import { MapPin } from 'lucide-preact'
import type { Item } from '#shared/rows/rows.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { parentPath, locationName } from '../../domain/names.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { EmptyState } from '../../ui/layout/empty-state.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Tag } from '../../ui/feedback/tag.tsx'

type At = { locationId: string; lot: string }

/** `onCount` is undefined if the person may not count. */
export function Positions({ item, onCount }: { item: Item; onCount: ((at: At) => void) | undefined }) {
  const { device } = useWorkspace()
  const positions = device.queries
    .positionsOf(item.id)
    .toSorted(
      (a, b) =>
        Number(b.quantity < 0) - Number(a.quantity < 0) ||
        b.quantity - a.quantity ||
        locationName(device, a.locationId).localeCompare(locationName(device, b.locationId)),
    )
  return (
    <Card title={t('item.locations')} badge={<span class="soft">{positions.length || ''}</span>} flush>
      {positions.length === 0 ? (
        <EmptyState icon={MapPin} title={t('item.nowhere')}>
          {t('item.nowhereHint')}
        </EmptyState>
      ) : (
        <RowList label={t('item.locations')}>
          {positions.map(({ locationId, lot, quantity, pending, uncertain }) => (
            <Row
              key={`${locationId}/${lot}`}
              title={locationName(device, locationId)}
              note={
                quantity < 0 && !uncertain ? (
                  <span class="bad-ink">{[t('item.countIt'), describeLot(lot)].filter(Boolean).join(' · ')}</span>
                ) : (
                  [describeLot(lot), parentPath(device, locationId)].filter(Boolean).join(' · ')
                )
              }
              onPress={quantity < 0 && !uncertain && onCount ? () => onCount({ locationId, lot }) : undefined}
              trail={
                uncertain ? (
                  <Tag tone="info">{t('item.afterSync')}</Tag>
                ) : (
                  <>
                    {pending && <Tag tone="warn">{t('state.saved')}</Tag>}
                    <b class={quantity < 0 ? 'num bad-ink' : 'num'}>{formatQuantity(quantity, item)}</b>
                  </>
                )
              }
            />
          ))}
        </RowList>
      )}
    </Card>
  )
}

function describeLot(lot: string): string {
  return lot && t('words.lot', { lot })
}
