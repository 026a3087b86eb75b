// A movement in the scan log, and its undo.
import { useWorkspace } from '../../context/workspace.ts'
import { describeMutation } from '../../domain/describe-mutation.ts'
import { StateTag } from '../../components/state-tag.tsx'
import type { HistoryEntry } from '../../device/state/mutation-history.ts'
import { stampMs } from '#shared/values/stamp.ts'
import { formatTime } from '../../strings/figures.ts'
import { t } from '../../strings/strings.ts'
import { Button } from '../../ui/controls/button.tsx'
import { Sheet } from '../../ui/layout/sheet.tsx'
import { showToast } from '../../ui/feedback/toast.tsx'
import type { ScanModel } from './model/scan-model.ts'

type Props = { readonly model: ScanModel; readonly entry: HistoryEntry; readonly onClose: () => void }

export function EntrySheet({ model, entry, onClose }: Props) {
  const { device } = useWorkspace()
  const { envelope } = entry
  const { title, note, amount } = describeMutation(device, envelope)
  const { itemId } = envelope.args as { itemId?: string }
  const undo = async () => {
    onClose()
    const { saved } = await model.undo(envelope.id)
    if (saved) showToast({ text: t('scan.undoneToast', { item: title }) })
  }
  const isUndone = device.history.value.some(
    ({ envelope: { name, args } }) =>
      name === 'stock.undo' && (args as { mutationId?: unknown }).mutationId === envelope.id,
  )
  return (
    <Sheet
      open
      title={title}
      onClose={onClose}
      actions={
        <>
          {itemId && <Button href={`/items/${itemId}`}>{t('scan.openItem')}</Button>}
          {!isUndone && (
            <Button kind="primary" onPress={() => void undo()}>
              {t('ui.undo')}
            </Button>
          )}
        </>
      }
    >
      <p class="big-number num">{amount}</p>
      <p>{note}</p>
      <p class="row soft">
        {formatTime(stampMs(envelope.at))} <StateTag entry={entry} />
      </p>
    </Sheet>
  )
}
