// Attaches a code to an item: which item, and how many units one scan of it counts.
import { useState } from 'preact/hooks'
import type { Item } from '#shared/rows/rows.ts'
import { printedCode } from '#shared/values/gtin.ts'
import { meaning, t } from '../strings/strings.ts'
import { Button } from '../ui/controls/button.tsx'
import { Sheet } from '../ui/layout/sheet.tsx'
import { Stepper } from '../ui/controls/stepper.tsx'
import { useWorkspace } from '../context/workspace.ts'
import { ItemPicker } from './item-picker.tsx'
import { attachCode } from '../domain/unresolved-scans.ts'
import { useDraft } from '../context/use-draft.ts'

type Props = {
  readonly code: string
  readonly onClose: () => void
  readonly onDone: (itemName: string) => void
}

export function AttachSheet({ code, onClose, onDone }: Props) {
  const { device } = useWorkspace()
  const [item, setItem] = useState<Item | undefined>(undefined)
  const [packQuantity, setPackQuantity] = useState(1000)
  const [error, setError] = useState<string | undefined>(undefined)
  useDraft(true)
  if (!item) {
    return <ItemPicker title={t('attach.which', { code: printedCode(code) })} onClose={onClose} onPick={setItem} />
  }
  const attach = async () => {
    const refusal = await attachCode(device, { itemId: item.id, code, packQuantity })
    if (refusal) setError(`${meaning(refusal.code).cause} ${meaning(refusal.code).remedy}`)
    else onDone(item.name)
  }
  return (
    <Sheet
      open
      title={t('attach.title')}
      onClose={onClose}
      actions={
        <>
          <Button onPress={() => setItem(undefined)}>{t('attach.otherItem')}</Button>
          <Button kind="primary" onPress={() => void attach()}>
            {t('attach.do')}
          </Button>
        </>
      }
    >
      <div>
        <p class="strong">{item.name}</p>
        <p class="soft">{printedCode(code)}</p>
      </div>
      <p>{t('attach.pack')}</p>
      <Stepper
        label={t('attach.packLabel')}
        value={packQuantity}
        min={1}
        decimals={item.decimals}
        unit={item.unit}
        onChange={(value) => setPackQuantity(Math.max(1, value))}
      />
      {error && (
        <p role="alert" class="error-line">
          {error}
        </p>
      )}
    </Sheet>
  )
}
