// Chooses a lot: one that is in stock, or a new one from its label; when receiving, with its expiry date.
import { useState } from 'preact/hooks'
import type { Item } from '#shared/rows/rows.ts'
import { parseGs1 } from '#shared/values/gs1.ts'
import { formatQuantity } from '../strings/figures.ts'
import { t } from '../strings/strings.ts'
import { Button } from '../ui/controls/button.tsx'
import { Field } from '../ui/controls/field.tsx'
import { Row, RowList } from '../ui/lists/row-list.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { useWorkspace } from '../context/workspace.ts'
import { useScans } from '../context/use-scans.ts'

type Props = {
  readonly item: Item
  readonly known: readonly { lot: string; quantity: number }[]
  readonly asksExpiry: boolean
  readonly onClose: () => void
  readonly onDone: (answer: { lot: string; expiresOn?: string | undefined }) => void
}

export function LotSheet({ item, known, asksExpiry, onClose, onDone }: Props) {
  const { device } = useWorkspace()
  const [lot, setLot] = useState('')
  const [expiresOn, setExpiresOn] = useState('')
  const [error, setError] = useState<string | undefined>(undefined)
  // A scan while this sheet is open is the label of the lot.
  useScans(true, (record) => {
    void device.scans.resolve(record.id)
    const label = parseGs1(record.code, new Date(record.at).getFullYear())
    setLot(label?.lot ?? record.code)
    if (label?.expiresOn) setExpiresOn(label.expiresOn)
    return true
  })
  const done = () => {
    if (lot.trim() === '') setError(t('lot.missing'))
    else onDone({ lot: lot.trim(), expiresOn: expiresOn || undefined })
  }
  return (
    <Sheet
      open
      title={t('lot.title', { item: item.name })}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('ui.cancel')}</Button>
          <Button kind="primary" onPress={done}>
            {t('lot.take')}
          </Button>
        </>
      }
    >
      {known.length > 0 && (
        <div class="picker-list">
          <RowList label={t('lot.known')}>
            {known.map(({ lot: name, quantity }) => (
              <Row
                key={name}
                title={name}
                trail={<span class="num">{formatQuantity(quantity, item)}</span>}
                onPress={() => onDone({ lot: name })}
              />
            ))}
          </RowList>
        </div>
      )}
      <Field
        label={t('lot.label')}
        value={lot}
        onInput={setLot}
        maxLength={60}
        error={error}
        hint={t('lot.hint')}
        onEnter={done}
      />
      {asksExpiry && <Field label={t('lot.expiry')} kind="date" value={expiresOn} onInput={setExpiresOn} />}
    </Sheet>
  )
}
