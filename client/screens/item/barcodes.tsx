// The barcodes of an item, and how many units each means.
import { useSignal } from '@preact/signals'
import { Barcode as BarcodeIcon, Plus, Trash2 } from 'lucide-preact'
import { useState } from 'preact/hooks'
import type { Barcode, Item } from '#shared/rows/rows.ts'
import { printedCode } from '#shared/values/gtin.ts'
import { useWorkspace } from '../../context/workspace.ts'
import { mayDo } from '../../session/permissions.ts'
import { attachCode } from '../../domain/unresolved-scans.ts'
import { useDraft } from '../../context/use-draft.ts'
import { useScans } from '../../context/use-scans.ts'
import { formatQuantity } from '../../strings/figures.ts'
import { meaning, t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Card } from '../../ui/layout/card.tsx'
import { Field } from '../../ui/controls/field.tsx'
import { IconButton } from '../../ui/controls/icon-button.tsx'
import { Row, RowList } from '../../ui/lists/row-list.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { Stepper } from '../../ui/controls/stepper.tsx'

export function Barcodes({ item }: { item: Item }) {
  const workspace = useWorkspace()
  const { device } = workspace
  const isAdding = useSignal(false)
  const removing = useSignal<Barcode | undefined>(undefined)
  const codes = device.queries.barcodesOf(item.id)
  return (
    <Card
      title={t('item.barcodes')}
      flush
      action={
        mayDo(workspace, 'staff') && (
          <Button kind="quiet" icon={Plus} onPress={() => (isAdding.value = true)}>
            {t('item.addBarcode')}
          </Button>
        )
      }
    >
      {codes.length === 0 && <p class="item-note soft">{t('item.noBarcodes')}</p>}
      <RowList label={t('item.barcodes')}>
        {codes.map((barcode) => (
          <Row
            key={barcode.code}
            title={<span class="num">{printedCode(barcode.code)}</span>}
            note={
              barcode.packQuantity === 1000
                ? undefined
                : t('item.pack', { quantity: formatQuantity(barcode.packQuantity, item) })
            }
            trail={
              mayDo(workspace, 'manager') && (
                <IconButton icon={Trash2} label={t('item.detach')} onPress={() => (removing.value = barcode)} />
              )
            }
          />
        ))}
      </RowList>
      {isAdding.value && <AddSheet item={item} onClose={() => (isAdding.value = false)} />}
      {removing.value && (
        <RemoveSheet item={item} barcode={removing.value} onClose={() => (removing.value = undefined)} />
      )}
    </Card>
  )
}

function AddSheet({ item, onClose }: { item: Item; onClose: () => void }) {
  const { device } = useWorkspace()
  const [code, setCode] = useState('')
  const [packQuantity, setPackQuantity] = useState(1000)
  const [error, setError] = useState<string | undefined>(undefined)
  useDraft(true)
  useScans(true, (record) => {
    void device.scans.resolve(record.id)
    setCode(record.code)
    return true
  })
  const attach = async () => {
    const owner = device.queries.find(code.trim())
    if (code.trim() === '') setError(t('item.codeMissing'))
    else if (owner.kind === 'item' && owner.item.id !== item.id)
      setError(t('item.codeTaken', { item: owner.item.name }))
    else if (owner.kind === 'location') setError(t('item.codeOfLocation', { location: owner.location.name }))
    else {
      const refusal = await attachCode(device, { itemId: item.id, code: code.trim(), packQuantity })
      if (refusal) setError(meaning(refusal.code).cause)
      else onClose()
    }
  }
  return (
    <Sheet
      open
      title={t('item.addBarcode')}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('ui.cancel')}</Button>
          <Button kind="primary" icon={BarcodeIcon} onPress={() => void attach()}>
            {t('attach.do')}
          </Button>
        </>
      }
    >
      <Field
        label={t('item.code')}
        value={code}
        onInput={(value) => {
          setCode(value)
          setError(undefined)
        }}
        error={error}
        hint={t('item.codeHint')}
        maxLength={128}
        autoFocus
        onEnter={() => void attach()}
      />
      <p>{t('attach.pack')}</p>
      <Stepper
        label={t('attach.packLabel')}
        value={packQuantity}
        min={1}
        decimals={item.decimals}
        unit={item.unit}
        onChange={(value) => setPackQuantity(Math.max(1, value))}
      />
    </Sheet>
  )
}

function RemoveSheet({ item, barcode, onClose }: { item: Item; barcode: Barcode; onClose: () => void }) {
  const { device } = useWorkspace()
  const remove = async () => {
    await device.record('barcode.detach', { itemId: item.id, code: barcode.code })
    onClose()
  }
  return (
    <Sheet
      open
      strict
      title={t('item.detachTitle', { code: printedCode(barcode.code) })}
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>{t('ui.cancel')}</Button>
          <Button kind="danger" onPress={() => void remove()}>
            {t('item.detach')}
          </Button>
        </>
      }
    >
      <p>{t('item.detachHint')}</p>
    </Sheet>
  )
}
