// The current move: the goods that were picked up, and where they go.
import { useSignal } from '@preact/signals'
import { useWorkspace } from '../../context/workspace.ts'
import { LocationPicker } from '../../components/deferred-sheets.ts'
import { itemName } from '../../domain/names.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import type { ScanModel } from './model/scan-model.ts'

export function MoveInProgress({ model }: { model: ScanModel }) {
  const { device } = useWorkspace()
  const isChoosing = useSignal(false)
  if (!model.holdsGoods) return null
  const lines = model.lines.all
  return (
    <Card title={t('scan.inHand', { count: lines.length })}>
      <p class="soft">{t('scan.inHandHint')}</p>
      <RowList>
        {lines.map(({ itemId, lot, quantity }) => {
          const item = device.queries.item(itemId)
          return (
            <Row
              key={`${itemId}/${lot}`}
              title={itemName(device, itemId)}
              note={lot && t('words.lot', { lot })}
              trail={<span class="num">{formatQuantity(quantity, item)}</span>}
            />
          )
        })}
      </RowList>
      <div class="actions">
        <Button onPress={() => void model.cancelMove()}>{t('scan.setAside')}</Button>
        <Button kind="primary" onPress={() => (isChoosing.value = true)}>
          {t('scan.putDown')}
        </Button>
      </div>
      {isChoosing.value && (
        <LocationPicker
          title={t('scan.putDownWhere')}
          onClose={() => (isChoosing.value = false)}
          onPick={({ id }) => {
            isChoosing.value = false
            void model.putDown(id)
          }}
        />
      )}
    </Card>
  )
}
