// The server's answer about a code during the first sync.
import { toThousandths } from '#shared/values/quantity.ts'
import type { RemoteLookup } from '../../api/api-client.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { locationName } from '../../domain/names.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'

export function RemoteCard({ found: { item, positions } }: { found: NonNullable<RemoteLookup> }) {
  const { device } = useWorkspace()
  const { decimals, unit } = item
  const total = positions.reduce((sum, { quantity }) => sum + toThousandths(quantity), 0)
  return (
    <Card tone="good">
      <div>
        <h2>{item.name}</h2>
        <div class="small soft">{item.sku && t('item.sku', { sku: item.sku })}</div>
      </div>
      <p class="flow-here num" role="status">
        <span class="flow-is">{formatQuantity(total, { decimals })}</span>
        <span class="flow-unit">{t('scan.unitInAll', { unit })}</span>
      </p>
      <RowList>
        {positions.map(({ locationId, lot, quantity }) => (
          <Row
            key={`${locationId}/${lot}`}
            title={locationName(device, locationId)}
            note={lot && t('words.lot', { lot })}
            trail={<span class="num">{formatQuantity(toThousandths(quantity), { decimals })}</span>}
          />
        ))}
      </RowList>
      <p class="small soft">{t('scan.fromServer')}</p>
    </Card>
  )
}
